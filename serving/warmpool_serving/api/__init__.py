"""The HTTP faces of the client port: OpenAI's, the native one, and their errors."""
