"""/api/v1: the same features as JSON. One table of operations gives the routes and the OpenAPI document."""
