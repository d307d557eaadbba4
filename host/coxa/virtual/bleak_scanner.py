"""bleak's scanner over a virtual central."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from bleak.backends.scanner import AdvertisementData, AdvertisementDataCallback, BaseBleakScanner
from bumble.core import UUID
from bumble.core import AdvertisingData as Data
from bumble.device import Advertisement

if TYPE_CHECKING:
    from coxa.virtual.central import Central

_SERVICES = (
    Data.COMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    Data.INCOMPLETE_LIST_OF_16_BIT_SERVICE_CLASS_UUIDS,
    Data.COMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS,
    Data.INCOMPLETE_LIST_OF_32_BIT_SERVICE_CLASS_UUIDS,
    Data.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
    Data.INCOMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS,
)
_SERVICE_DATA = (Data.SERVICE_DATA_16_BIT_UUID, Data.SERVICE_DATA_32_BIT_UUID, Data.SERVICE_DATA_128_BIT_UUID)


class Scanner(BaseBleakScanner):
    """Use the one that a `Central` gives."""

    central: ClassVar[Central]

    def __init__(
        self,
        detection_callback: AdvertisementDataCallback | None = None,
        service_uuids: list[str] | None = None,
        scanning_mode: Literal["active", "passive"] = "active",
        **_options: Any,
    ) -> None:
        """Takes what `BleakScanner` passes on; options of operating systems have no effect."""
        super().__init__(detection_callback, service_uuids)
        self._active = scanning_mode == "active"

    async def start(self) -> None:
        """Starts to scan."""
        self.seen_devices = {}
        await self.central.listen(self._heard, self._active)

    async def stop(self) -> None:
        """Stops."""
        await self.central.ignore(self._heard)

    def _heard(self, advertisement: Advertisement) -> None:
        found = read(advertisement)
        if not self.is_allowed_uuid(found.service_uuids):
            return
        address = advertisement.address.to_string(with_type_qualifier=False)
        device = self.create_or_update_device(address, address, found.local_name, advertisement.address, found)
        self.call_detection_callbacks(device, found)


def read(advertisement: Advertisement) -> AdvertisementData:
    """What an advertisement says, as bleak puts it."""
    fields: Any = advertisement.data  # Bumble types them by literal kinds only
    services = [uuid for kind in _SERVICES for uuids in fields.get_all(kind) for uuid in uuids]
    service_data = [pair for kind in _SERVICE_DATA for pair in fields.get_all(kind)]
    return AdvertisementData(
        local_name=fields.get(Data.COMPLETE_LOCAL_NAME) or fields.get(Data.SHORTENED_LOCAL_NAME),
        manufacturer_data=dict(fields.get_all(Data.MANUFACTURER_SPECIFIC_DATA)),
        service_data={full(uuid): bytes(data) for uuid, data in service_data},
        service_uuids=[full(uuid) for uuid in services],
        tx_power=fields.get(Data.TX_POWER_LEVEL),
        rssi=advertisement.rssi,
        platform_data=(advertisement,),
    )


def full(uuid: UUID) -> str:
    """A UUID written out, in lower case."""
    digits = uuid.to_bytes(force_128=True)[::-1].hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
