local typedefs = require("kong.db.schema.typedefs")

return {
  name = "tollgate-endpoint",
  fields = {
    { consumer = typedefs.no_consumer },
    { protocols = typedefs.protocols_http },
    {
      config = {
        type = "record",
        fields = {
          {
            token = {
              type = "string",
              referenceable = true,
              encrypted = true,
              len_min = 32,
              len_max = 256,
              description = "public.token of Tollgate's configuration, where it has one.",
            },
          },
        },
      },
    },
  },
}
