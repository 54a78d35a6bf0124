"""The OPC UA server of a PLC, by asyncua, which shares no code with our client.

    opcua_server.py PORT FOLDER [--users] [--secure]

Prints a line of JSON with all variables whenever one has changed. FOLDER keeps its certificate.
--users   asks for the user `line` with the password `pass-word`
--secure  accepts only connections that are signed and encrypted
"""

import argparse
import asyncio
import json
from pathlib import Path

from asyncua import Server, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.permission_rules import User, UserRole
from cryptography.x509.oid import ExtendedKeyUsageOID

VARIABLES = {
    'Anomalous': (False, ua.VariantType.Boolean),
    'Verdict': ('', ua.VariantType.String),
    'Score': (0.0, ua.VariantType.Double),
    'Real': (0.0, ua.VariantType.Float),
    'Image': ('', ua.VariantType.String),
    'At': (None, ua.VariantType.DateTime),
    # At its end, so that the first result makes it begin again.
    'Count': (65535, ua.VariantType.UInt16),
    'ReadOnly': ('', ua.VariantType.String),
}


class Users:
    def get_user(self, iserver, username=None, password=None, certificate=None):
        if (username, password) == ('line', 'pass-word'):
            return User(role=UserRole.User)
        return None


async def secure(server, folder):
    key, certificate = folder / 'key.pem', folder / 'certificate.der'
    uri = 'urn:plc'
    await server.set_application_uri(uri)
    use = [ExtendedKeyUsageOID.SERVER_AUTH]
    await setup_self_signed_certificate(key, certificate, uri, 'localhost', use, {'commonName': 'PLC'})
    await server.load_certificate(certificate)
    await server.load_private_key(key)
    server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('port', type=int)
    parser.add_argument('folder', type=Path)
    parser.add_argument('--users', action='store_true')
    parser.add_argument('--secure', action='store_true')
    args = parser.parse_args()

    server = Server(user_manager=Users() if args.users else None)
    await server.init()
    server.set_endpoint(f'opc.tcp://127.0.0.1:{args.port}/plc')
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    if args.secure:
        await secure(server, args.folder)
    if args.users:
        server.set_identity_tokens([ua.UserNameIdentityToken])
    namespace = await server.register_namespace('urn:line')
    nodes = {}
    for name, (value, kind) in VARIABLES.items():
        node_id = ua.NodeId(f'Line.{name}', namespace)
        nodes[name] = await server.nodes.objects.add_variable(node_id, name, value, kind)
        if name != 'ReadOnly':
            await nodes[name].set_writable()

    async with server:
        before = None
        while True:
            values = {name: await node.read_value() for name, node in nodes.items()}
            line = json.dumps(values, default=lambda time: time.isoformat())
            if line != before:
                print(line, flush=True)
            before = line
            await asyncio.sleep(0.02)


asyncio.run(main())
