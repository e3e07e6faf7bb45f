"""The model server beside other servers: cold start, throughput, overload, drain."""
