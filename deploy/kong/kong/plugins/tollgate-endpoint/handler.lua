-- For routes to Tollgate's own endpoints, which judge the key themselves: says who asks, so that no client can.

local kong = kong

local TollgateEndpoint = {
  -- Beside the plugin that asks: no request gets both.
  PRIORITY = 1049,
  VERSION = "0.1.0",
}

function TollgateEndpoint:access(conf)
  kong.service.request.set_header("x-gateway-peer", kong.client.get_forwarded_ip())
  if conf.token then
    kong.service.request.set_header("x-gateway-token", conf.token)
  else
    kong.service.request.clear_header("x-gateway-token")
  end
end

return TollgateEndpoint
