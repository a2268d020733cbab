package authz

default allow := false

allow if {
	key := trim_prefix(input.headers.authorization, "Bearer ")
	data.keys[crypto.sha256(key)]
}
