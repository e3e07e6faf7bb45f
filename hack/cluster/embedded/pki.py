"""Certificates of the embedded cluster: one authority, and an identity of its own for every component.

Invariant: keys are made anew at every boot and live in the state folder only, readable by their owner.
Elliptic-curve keys, because they take no time to make.
"""

import base64
import datetime
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from hack.cluster.backend import ClusterError
from hack.cluster.embedded.network import NODE_ADDRESS, SERVER, SERVICE_ADDRESS

NODE_NAME = "warmpool"
_VALIDITY = datetime.timedelta(days=365)
_SKEW = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Identity:
    """Who a certificate speaks for.

    Attributes:
        user: Common name: the Kubernetes user.
        group: Organization: the Kubernetes group, or an empty string.
        hosts: Names and addresses that it may serve under; none for a certificate that is only shown to servers.
    """

    user: str
    group: str = ""
    hosts: tuple[str, ...] = ()


IDENTITIES = {
    "apiserver": Identity(
        "kube-apiserver",
        hosts=(
            NODE_ADDRESS,
            "127.0.0.1",
            SERVICE_ADDRESS,
            "localhost",
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local",
        ),
    ),
    "apiserver-kubelet-client": Identity("kube-apiserver-kubelet-client"),
    "front-proxy": Identity("front-proxy-client"),
    "admin": Identity("warmpool-admin", "system:masters"),
    "controller-manager": Identity("system:kube-controller-manager"),
    "scheduler": Identity("system:kube-scheduler"),
    "proxy": Identity("system:kube-proxy"),
    "kubelet": Identity(f"system:node:{NODE_NAME}", "system:nodes", hosts=(NODE_NAME, NODE_ADDRESS)),
    "metrics-server": Identity(
        "system:metrics-server", hosts=("metrics-server.kube-system.svc", "localhost", "127.0.0.1")
    ),
}

# Its certificate also serves the webhook that the API server calls.
INGRESS_IDENTITY = Identity("ingress-nginx", hosts=("localhost", "127.0.0.1"))

# Components that are clients of the API server and get a kubeconfig.
KUBECONFIGS = ("admin", "controller-manager", "scheduler", "proxy", "kubelet", "metrics-server")


def write_pki(folder: Path) -> None:
    """Make all keys, certificates and kubeconfigs in this folder."""
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    authority_key = ec.generate_private_key(ec.SECP256R1())
    authority = _authority(authority_key)
    _write_key(folder / "ca.key", authority_key)
    _write_certificate(folder / "ca.crt", authority)
    for name, identity in IDENTITIES.items():
        _write_identity(folder, name, identity, authority, authority_key)
    account_key = ec.generate_private_key(ec.SECP256R1())
    _write_key(folder / "service-account.key", account_key)
    public = account_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (folder / "service-account.pub").write_bytes(public)
    for name in KUBECONFIGS:
        write_kubeconfig(folder / f"{name}.kubeconfig", folder, name)


def add_identity(folder: Path, name: str, identity: Identity) -> None:
    """Make the key, certificate and kubeconfig of one more identity of a cluster that runs."""
    authority = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    authority_key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    if not isinstance(authority_key, ec.EllipticCurvePrivateKey):
        raise ClusterError(f"{folder}/ca.key is not the key of this cluster")
    _write_identity(folder, name, identity, authority, authority_key)
    write_kubeconfig(folder / f"{name}.kubeconfig", folder, name)


def _write_identity(
    folder: Path,
    name: str,
    identity: Identity,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    _write_key(folder / f"{name}.key", key)
    _write_certificate(folder / f"{name}.crt", _issue(identity, key, authority, authority_key))


def write_kubeconfig(path: Path, folder: Path, name: str) -> None:
    """Write a kubeconfig with one context, `warmpool`, everything embedded, readable by its owner."""

    def data(file: str) -> str:
        return base64.b64encode((folder / file).read_bytes()).decode()

    user = {"client-certificate-data": data(f"{name}.crt"), "client-key-data": data(f"{name}.key")}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "warmpool", "cluster": {"server": SERVER, "certificate-authority-data": data("ca.crt")}}
        ],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": "warmpool", "context": {"cluster": "warmpool", "user": name}}],
        "current-context": "warmpool",
    }
    _write_private(path, json.dumps(config, indent=2).encode())


def _authority(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "warmpool-ca")])
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        crl_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _issue(
    identity: Identity,
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
) -> x509.Certificate:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, identity.user)]
    if identity.group:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.group))
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if identity.hosts:
        usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
    builder = (
        _builder(x509.Name(attributes), authority.subject, key.public_key())
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
        )
    )
    if identity.hosts:
        names = x509.SubjectAlternativeName([_general_name(host) for host in identity.hosts])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(authority_key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + _VALIDITY)
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
    _write_private(path, key.private_bytes(encoding, form, serialization.NoEncryption()))


def _write_certificate(path: Path, certificate: x509.Certificate) -> None:
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
