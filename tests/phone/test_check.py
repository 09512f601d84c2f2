"""The page that checks the phone, and the reports of headsets' keys."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.bench.shell import script_size
from tests.browser.axe import violations
from tests.phone.booth import Office

HID = Path(__file__).resolve().parents[2] / "web/static/js/softphone/hid.js"
HOOK, MUTE = 0x0B0020, 0x0B002F


@pytest.mark.lab
@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="module")
async def test_devices_are_chosen_the_level_seen_and_the_echo_heard(office: Office) -> None:
    clara = await office.booth("clara", "PJSIP/103-web")
    page = clara.page
    await page.locator("#phone-check").click()
    await expect(page.locator("h1")).to_have_text("Проверка телефона")
    await expect(page.locator("#check-heard")).to_have_text("Микрофон вас слышит.")
    assert await violations(page) == []
    await expect(
        page.locator("#check-mic option").nth(2)
    ).to_be_attached()  # the system's own, and those that Chromium fakes
    await page.locator("#check-mic").select_option(index=2)
    wanted = await page.locator("#check-mic").input_value()
    await page.locator("#check-speaker").select_option(index=1)
    await page.locator("#check-play").click()
    await page.locator("#check-echo").click()
    await expect(page.locator("#check-echoed")).to_have_text("Говорите: вы услышите себя.")
    await clara.voice_flows()
    await page.locator("#check-mic").select_option(index=1)
    await clara.voice_flows()
    assert page.url.endswith("/phone"), "a test call leads nobody away"
    await page.locator("#check-over").click()
    await expect(page.locator("#check-echo")).to_be_visible()
    await page.locator("#check-mic").select_option(wanted)
    await page.reload()
    await expect(page.locator("#check-mic")).to_have_value(wanted)
    assert clara.faults() == []


def test_a_page_with_a_phone_loads_less_than_200_kb_of_script() -> None:
    size, seen = script_size()
    assert len(seen) > 2
    assert size < 200 * 1024, f"{size / 1024:.0f} KB: {sorted(seen)}"


def item(usages: list[int], size: int = 1, count: int | None = None, **more: Any) -> dict[str, Any]:
    return {"usages": usages, "reportSize": size, "reportCount": count or len(usages), "isAbsolute": True, **more}


def said(script: str, *values: Any) -> Any:
    """What a script makes of values, with everything of hid.js."""
    code = f"import * as hid from {json.dumps(HID.as_uri())}; const v = {json.dumps(values)}; {script}"
    run = ["node", "--input-type=module", "-e", f"{code}; console.log(JSON.stringify(out))"]
    return json.loads(subprocess.run(run, capture_output=True, text=True, check=True, timeout=30).stdout)


HEADSET = [
    {
        "usagePage": 0x0B,
        "inputReports": [
            {
                "reportId": 2,
                "items": [item([0xFF000001], 3, 1), item([HOOK]), item([MUTE], isAbsolute=False), item([0], 3, 1)],
            },
            {
                "reportId": 3,
                "items": [
                    item([], 8, 2, isArray=True),
                    item([], isRange=True, usageMinimum=HOOK, usageMaximum=HOOK + 1, count=2),
                ],
            },
        ],
        "outputReports": [{"reportId": 4, "items": [item([0x080017, 0x080009]), item([0], 6, 1), item([0x080018])]}],
    }
]


def test_keys_are_found_at_their_bits_whatever_the_report() -> None:
    data = "new DataView(Uint8Array.from(v[2]).buffer)"
    read = f"const f = hid.fields(v[0], 'inputReports'); const out = hid.read(f, v[1], {data})"

    def keys(report: int, *data: int) -> dict[int, int]:
        return {
            one["usage"]: one["value"]
            for one in said(read, HEADSET, report, list(data))
            if one["usage"] in (HOOK, MUTE, HOOK + 1)
        }

    assert keys(2, 0b00001000) == {HOOK: 1, MUTE: 0}
    assert keys(2, 0b00010111) == {HOOK: 0, MUTE: 1}
    assert keys(3, 0, 0, 0b01) == {HOOK: 1, HOOK + 1: 0}
    assert keys(3, 0) == {}
    assert keys(9, 0xFF) == {}


def test_lights_are_lit_at_theirs() -> None:
    light = "const f = hid.fields(v[0], 'outputReports'); const out = hid.lights(f, new Set(v[1]))"
    light += ".map((one) => [one.report, [...one.bytes]])"
    assert said(light, HEADSET, [0x080017, 0x080018]) == [[4, [0b1, 0b1]]]
    assert said(light, HEADSET, [0x080009]) == [[4, [0b10, 0]]]
    assert said(light, HEADSET, []) == [[4, [0, 0]]]
