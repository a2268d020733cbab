package = "kong-plugin-tollgate"
version = "0.1.0-1"

-- Built from a checkout, in this folder: luarocks make
source = { url = "file://." }

description = {
  summary = "Asks Tollgate about every request of a route, and answers as the API's documentation promises.",
  license = "Apache-2.0",
}

dependencies = { "lua ~> 5.1" }

build = {
  type = "builtin",
  modules = {
    ["kong.plugins.tollgate.answer"] = "kong/plugins/tollgate/answer.lua",
    ["kong.plugins.tollgate.client"] = "kong/plugins/tollgate/client.lua",
    ["kong.plugins.tollgate.facts"] = "kong/plugins/tollgate/facts.lua",
    ["kong.plugins.tollgate.handler"] = "kong/plugins/tollgate/handler.lua",
    ["kong.plugins.tollgate.schema"] = "kong/plugins/tollgate/schema.lua",
    ["kong.plugins.tollgate-endpoint.handler"] = "kong/plugins/tollgate-endpoint/handler.lua",
    ["kong.plugins.tollgate-endpoint.schema"] = "kong/plugins/tollgate-endpoint/schema.lua",
  },
}
