"""What is seen while boards record: the angle now, the repetitions so far, and how complete the recording is.

Rich is not imported before something is shown: `coxa.live_view.view` and `coxa.live_view.panel`.
"""

from coxa.live_view.decoder import LiveDecoder, Reading

__all__ = ["LiveDecoder", "Reading"]
