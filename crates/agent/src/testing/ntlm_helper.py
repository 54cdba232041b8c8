"""The other side of NTLM for squid: hands out challenges and verifies NTLMv2 responses (MS-NLMP
§3.2.5.1.2, §3.3.2) against passwords in a file of lines `user:password`. Written without a look at
the program under test, with nothing but Python's standard library."""

import base64
import hashlib
import hmac
import os
import struct
import sys


def md4(data):
    """RFC 1320."""
    mask = 0xFFFFFFFF
    length = struct.pack("<Q", 8 * len(data))
    data += b"\x80" + b"\0" * ((55 - len(data)) % 64) + length
    state = [0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476]
    rounds = [
        (lambda x, y, z: x & y | ~x & z, 0, range(16), (3, 7, 11, 19)),
        (lambda x, y, z: x & y | x & z | y & z, 0x5A827999,
         [4 * i % 16 + i // 4 for i in range(16)], (3, 5, 9, 13)),
        (lambda x, y, z: x ^ y ^ z, 0x6ED9EBA1,
         [int(f"{i:04b}"[::-1], 2) for i in range(16)], (3, 9, 11, 15)),
    ]
    for start in range(0, len(data), 64):
        words = struct.unpack("<16I", data[start:start + 64])
        a, b, c, d = state
        for mix, constant, order, shifts in rounds:
            for turn, index in enumerate(order):
                value = (a + (mix(b, c, d) & mask) + words[index] + constant) & mask
                shift = shifts[turn % 4]
                a, b, c, d = d, (value << shift | value >> (32 - shift)) & mask, b, c
        state = [(old + new) & mask for old, new in zip(state, (a, b, c, d))]
    return struct.pack("<4I", *state)


def hmac_md5(key, data):
    return hmac.new(key, data, hashlib.md5).digest()


def field(message, at):
    length, _, offset = struct.unpack_from("<HHI", message, at)
    return message[offset:offset + length]


def challenge(nonce):
    def pair(ident, value):
        return struct.pack("<HH", ident, len(value)) + value

    name = "HEAD".encode("utf-16-le")
    info = pair(2, name) + pair(1, name) + pair(7, os.urandom(8)) + pair(0, b"")
    flags = 0x00000001 | 0x00000200 | 0x00010000 | 0x00080000 | 0x00800000
    head = b"NTLMSSP\0" + struct.pack("<I", 2)
    head += struct.pack("<HHI", len(name), len(name), 48) + struct.pack("<I", flags) + nonce
    head += bytes(8) + struct.pack("<HHI", len(info), len(info), 48 + len(name))
    return head + name + info


def verify(first, second, third, nonce, accounts):
    domain = field(third, 28).decode("utf-16-le")
    user = field(third, 36).decode("utf-16-le")
    response = field(third, 20)
    if user not in accounts:
        return user, "no such user"
    key = hmac_md5(md4(accounts[user].encode("utf-16-le")),
                   (user.upper() + domain).encode("utf-16-le"))
    proof = hmac_md5(key, nonce + response[16:])
    if not hmac.compare_digest(proof, response[:16]):
        return user, "wrong password"
    session = hmac_md5(key, proof)
    code = third[72:88]
    blank = third[:72] + bytes(16) + third[88:]
    if not hmac.compare_digest(hmac_md5(session, first + second + blank), code):
        return user, "wrong integrity code"
    return user, None


def main():
    assert md4(b"message digest").hex() == "d9130a8164549fe818874806e1c7014b"
    with open(sys.argv[1], encoding="utf-8") as lines:
        accounts = dict(line.rstrip("\n").split(":", 1) for line in lines)
    first = second = nonce = b""
    for line in sys.stdin:
        kind, _, blob = line.strip().partition(" ")
        blob = base64.b64decode(blob)
        if kind == "YR":
            first, nonce = blob, os.urandom(8)
            second = challenge(nonce)
            answer = "TT " + base64.b64encode(second).decode()
        elif kind == "KK":
            user, why = verify(first, second, blob, nonce, accounts)
            answer = f"NA {why}" if why else f"AF {user}"
            with open(sys.argv[2], "a", encoding="utf-8") as log:
                log.write(f"{user}: {why or 'ok'}\n")
        else:
            answer = "BH unknown request"
        print(answer, flush=True)


main()
