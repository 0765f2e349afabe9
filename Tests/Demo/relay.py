"""A mail server for the demo (Debian's python3-aiosmtpd): writes whom it has taken a mail for, and its Message-ID, to a file.

    relay.py PORT_FILE MAIL_FILE [LAST]

LAST is the mail at which it dies: taken, and not answered any more.
"""
import asyncio
import email
import os
import sys

from aiosmtpd.smtp import SMTP

port_file, mail_file, last = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None


class Relay:
    taken = 0

    async def handle_DATA(self, server, session, envelope):
        Relay.taken += 1
        mail = email.message_from_bytes(envelope.content)
        with open(mail_file, "a") as file:
            file.write(f"{mail['Message-ID']} {envelope.rcpt_tos[0]} {mail['Subject']}\n")
        if Relay.taken == last:
            os._exit(1)
        return "250 2.0.0 OK"


async def serve():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Relay(), hostname="relay.example"), "127.0.0.1", 0)
    with open(port_file + ".new", "w") as file:
        file.write(str(server.sockets[0].getsockname()[1]))
    os.rename(port_file + ".new", port_file)
    await server.serve_forever()


asyncio.run(serve())
