"""Runs first at every start, before main.py. Goes to the root of the board; needs nothing but its own lines."""

import machine

TYPE_CHECKING = False


def hold_power() -> None:
    """Keeps boards switched on that let go by themselves within a second, the M5StickC Plus2 among them.

    Looks for words in the settings, so that a damaged file serves too.
    """
    try:
        with open("/config.json", "rb") as file:
            settings = file.read()
        at = settings.find(b'"hold": ')
        if at >= 0:
            machine.Pin(int(settings[at + 8 : at + 10].strip(b",} ")), machine.Pin.OUT, value=1)
        elif b'"m5stickc-plus2"' in settings:
            machine.Pin(4, machine.Pin.OUT, value=1)
    except (OSError, ValueError):
        pass  # no settings yet, or no number: main.py says what is wrong


hold_power()
if machine.reset_cause() == machine.SOFT_RESET:
    # Someone is at the console, and a watchdog armed before goes on: mpremote copies files for longer than it waits.
    if TYPE_CHECKING:
        from coxa_board.root import console
    else:
        import console

    console.feed()
