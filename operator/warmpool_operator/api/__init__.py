"""`WarmModelPool` as pydantic models, its CRD, its names. Pure: no I/O, no clock, no Kubernetes client."""
