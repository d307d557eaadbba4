"""Boards found for the settings in a JSON file: attributes, or the line of complaint."""

import json
import sys

from coxa_board import boards, config

with open(sys.argv[1]) as file:
    cases = json.load(file)

KNOWN = list(boards.ROLES)
KNOWN.extend(("name", "number", "experimental", "i2c_id", "led_on", "battery_divider", "wake"))
found = []
for case in cases:
    settings = config.defaults()
    settings.update(case)
    try:
        board = boards.find(settings)
        found.append({name: getattr(board, name) for name in KNOWN})
    except config.ConfigError as error:
        found.append(str(error))
print(json.dumps({"names": boards.names(), "found": found}))
