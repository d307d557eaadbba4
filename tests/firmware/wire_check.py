"""Runs the golden vectors through `coxa_wire`, on MicroPython and CPython alike.

`results` gives what came out, in the shape of the vector files; as a script it prints that as JSON.
Usage: micropython wire_check.py VECTORS_FOLDER
"""

import json
import sys

import coxa_wire
from coxa_wire import advert, command, gatt, line, proof, sync


def load(folder, name):
    with open(folder + "/" + name + ".json") as file:  # noqa: PTH123 - MicroPython has no pathlib
        return json.load(file)


def hexed(data):
    return "".join(f"{byte:02x}" for byte in data)


def decoded(function, row):
    try:
        return function(bytes.fromhex(row["hex"])), None
    except coxa_wire.WireError as error:
        assert str(error).startswith(error.what)
        return None, error.reason


def block_fields(block):
    names = ("profile", "n", "flags", "session", "seq", "first_index", "t_us", "temperature_c")
    return {name: getattr(block, name) for name in names}


def int16s(data):
    return [(data[i] | data[i + 1] << 8) - (data[i + 1] >> 7 << 16) for i in range(0, len(data), 2)]


def encoded(block):
    """The block written again the way the board does it, over a buffer full of old data."""
    buffer = bytearray(b"\xaa" * coxa_wire.BLOCK_LENGTH)
    values = int16s(block.raw)
    for i in range(block.n):
        coxa_wire.put_sample(buffer, i, *values[6 * i : 6 * i + 6])
    values = int16s(block.quats)
    for k in range(len(block.quats) // 8):
        coxa_wire.put_quat(buffer, block.profile, k, *values[4 * k : 4 * k + 4])
    coxa_wire.seal(buffer, **block_fields(block))
    return buffer


def block_row(row):
    out = {"name": row["name"], "hex": row["hex"]}
    block, reason = decoded(coxa_wire.decode, row)
    if block is None:
        out["reason"] = reason
    else:
        out["hex"] = hexed(encoded(block))
        out["fields"] = block_fields(block)
        out["raw"] = hexed(block.raw)
        out["quats"] = hexed(block.quats)
    return out


def info_row(row):
    out = {"name": row["name"], "hex": row["hex"]}
    info, reason = decoded(coxa_wire.decode_info, row)
    if info is None:
        out["reason"] = reason
    else:
        if info.minor == coxa_wire.VERSION_MINOR:
            out["hex"] = hexed(coxa_wire.encode_info(info))
        out["info"] = dict(info.__dict__)
        out["info"]["firmware"] = list(info.firmware)
        out["info"]["uid"] = hexed(info.uid)
    return out


def fragment_row(row):
    size = row["size"]
    block = bytes.fromhex(row["block"])
    out = bytearray(size)
    cut = []
    for k in range(coxa_wire.fragment_count(len(block), size)):
        cut.append(hexed(out[: coxa_wire.fragment_into(out, block, k, size)]))  # noqa: PERF401
    reassembler = coxa_wire.Reassembler()
    whole = [reassembler.feed(bytes.fromhex(part)) for part in row["fragments"]]
    assert whole[:-1] == [None] * (len(whole) - 1) and reassembler.dropped == 0
    return {"size": size, "block": hexed(whole[-1]), "fragments": cut}


def crc_row(row):
    data = bytes.fromhex(row["hex"])
    return {"hex": row["hex"], "crc": coxa_wire.crc16(data, len(data))}


def request_row(row):
    out = {"name": row["name"], "hex": row["hex"]}
    request, reason = decoded(understood_request, row)
    if request is None:
        out["reason"] = reason
        return out
    out["op"], out["id"], values = request
    if out["op"] == command.GET_CFG:
        out["hex"] = hexed(command.encode_get_config(out["id"], values[0]))
    elif out["op"] == command.SET_CFG:
        out["hex"] = hexed(command.encode_set_config(out["id"], values[0], values[1].encode()))
    else:
        out["hex"] = hexed(command.encode_request(out["op"], out["id"], *values))
    out["values"] = list(values)
    return out


def understood_request(data):
    request = command.decode_request(data)
    if request.op == command.GET_CFG:
        values = [command.text(request.payload)]
    elif request.op == command.SET_CFG:
        key, value = command.split_set_config(request.payload)
        values = [key, value.decode()]
    else:
        values = request.values()
    return request.op, request.request_id, values


def answer_row(row):
    out = {"name": row["name"], "hex": row["hex"]}
    answer, reason = decoded(understood_answer, row)
    if answer is None:
        out["reason"] = reason
        return out
    out["op"], out["id"], out["status"], values = answer
    out["hex"] = hexed(command.encode_answer(out["op"], out["id"], out["status"], *values))
    out["values"] = list(values)
    return out


def understood_answer(data):
    answer = command.decode_answer(data)
    return answer.op, answer.request_id, answer.status, answer.values()


def advert_row(row):
    status = row["status"]
    given = advert.Status(status["state"], status["battery_percent"], status["pending"], bytes.fromhex(status["uid16"]))
    data, response = advert.advertising_data(row["name"]), advert.scan_response(given)
    assert advert.fields(data)[1] == (advert.SERVICES_128, gatt.uuid_bytes(gatt.SERVICE))
    ((kind, content),) = advert.fields(response)
    assert kind == advert.MANUFACTURER and content[:2] == b"\xff\xff"
    read = dict(advert.decode_status(content[2:]).__dict__)
    read["uid16"] = hexed(read["uid16"])
    return {"name": row["name"], "hex": hexed(data), "response": hexed(response), "status": read}


def line_row(row):
    out = {"name": row["name"], "hex": row["hex"]}
    message, reason = decoded(lambda data: line.decode_line(data) or (None, None), row)
    if message is None:
        out["reason"] = reason
        return out
    out["channel"], out["message"] = message[0], None if message[1] is None else hexed(message[1])
    if out["channel"]:
        out["hex"] = hexed(line.encode_line(*message))
    return out


def ping_row(row):
    out = {"name": row["name"], "hex": row["hex"]}
    ping = row["name"].startswith("ping")
    values, reason = decoded(sync.decode_ping if ping else sync.decode_pong, row)
    if values is None:
        out["reason"] = reason
    else:
        out["hex"] = hexed((sync.encode_ping if ping else sync.encode_pong)(*values))
        out["values"] = list(values)
    return out


def proof_row(row):
    if "key" in row:
        digest = proof.hmac_sha256(bytes.fromhex(row["key"]), bytes.fromhex(row["data"]))
        return {"key": row["key"], "data": row["data"], "digest": hexed(digest)}
    nonces = [int.from_bytes(bytes.fromhex(nonce), "little") for nonce in row["nonces"]]
    out = dict(row)
    found = proof.tag(bytes.fromhex(row["secret"]), row["side"].encode(), bytes.fromhex(row["uid"]), *nonces)
    out["tag"] = hexed(found.to_bytes(8, "little"))
    return out


def results(folder):
    rows = (
        ("blocks", block_row),
        ("info", info_row),
        ("fragments", fragment_row),
        ("crc", crc_row),
        ("requests", request_row),
        ("answers", answer_row),
        ("adverts", advert_row),
        ("lines", line_row),
        ("pings", ping_row),
        ("proofs", proof_row),
    )
    return {name: [function(row) for row in load(folder, name)] for name, function in rows}


if __name__ == "__main__":
    print(json.dumps({"implementation": sys.implementation.name, "results": results(sys.argv[1])}))
