"""Every dialect by the name that a pool calls it. A new controller is one more file, and one more line here."""

from collections.abc import Mapping
from typing import Final

from warmpool_operator.admission.dialect import Dialect
from warmpool_operator.admission.nginx import IngressNginx

DIALECTS: Final[Mapping[str, Dialect]] = {"ingress-nginx": IngressNginx()}
