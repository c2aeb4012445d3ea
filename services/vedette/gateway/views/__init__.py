"""What the API answers, as models: openapi.json is made from them."""
