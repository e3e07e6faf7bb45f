"""A Deployment that tests ask a server for, and the Status with which it refuses."""

from warmpool_operator.runtime.resources import DEPLOYMENTS, ObjectRef

REF = ObjectRef(DEPLOYMENTS, "team", "minilm")
MANIFEST = {"metadata": {"namespace": "team", "name": "minilm"}, "spec": {"paused": True}}


def status(code, reason, message, **details):
    return {"kind": "Status", "code": code, "reason": reason, "message": message, "details": details}
