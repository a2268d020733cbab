return {
  no_consumer = { type = "foreign", eq = "none" },
  protocols_http = { type = "set", default = { "grpc", "grpcs", "http", "https" } },
}
