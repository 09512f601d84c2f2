"""The card in a real browser: its tabs by keyboard, a contact person, a contract with a file, one history."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import expect

from cti.desktop import ClientBrief, ContactBrief, ContractBrief, LastCall, Match, Why
from tests.browser.axe import violations
from tests.browser.stage import Stage

NOBODYS = "+79355559999"


async def test_tabs_by_keyboard_and_what_is_missing_leads_to_its_field(theatre: Stage) -> None:
    page = await theatre.desk(path="/clients/5")
    await page.get_by_role("tab", name="Общее").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.locator("#people")).to_be_visible()
    assert page.url.endswith("?tab=contacts")
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator("[name=name]")).to_be_visible()
    missing = page.locator("[data-goes]").first
    field = await missing.get_attribute("data-goes")
    await missing.click()
    await expect(page.locator(f"#{field}")).to_be_focused()
    assert page.faults == []  # type: ignore[attr-defined]


async def test_a_contact_person_and_a_contract_with_a_file(theatre: Stage, tmp_path: Path) -> None:
    page = await theatre.desk(path="/clients/5?tab=contacts")
    await page.click("#people a.button")
    await page.fill("[name=name]", "Зоя Новикова")
    await page.fill("[name=phone]", "8 935 555 04 77")
    await page.locator("[name^=role-]").select_option(label="Секретарь")
    await page.click("form[data-client-form] button[type=submit]")
    await expect(page.locator("#people")).to_contain_text("Зоя Новикова")
    await expect(page.locator("#people")).to_contain_text("Секретарь")
    await expect(page.locator("#people .number")).to_contain_text("+7 935 555-04-77")

    await page.get_by_role("tab", name="Договоры").click()
    await page.click("#contracts a.button")
    await page.fill("[name=number]", "Н-1")
    await page.fill("[name=amount]", "10 000,5")
    await page.click("form[data-keep] button[type=submit]")
    await expect(page.locator("h1")).to_contain_text("Договор Н-1")
    file = tmp_path / "прайс.pdf"
    file.write_bytes(b"%PDF-1.7")
    await page.set_input_files("[data-bring]", str(file))
    await expect(page.locator(".files")).to_contain_text("прайс.pdf")
    async with page.expect_download() as got:
        await page.click(".files a")
    assert (await got.value).suggested_filename == "прайс.pdf"
    page.once("dialog", lambda dialog: dialog.accept())
    await page.click(".files form button")
    await expect(page.get_by_text("Файлов пока нет.")).to_be_visible()

    await page.goto(theatre.url + "/clients/5?tab=history")
    await expect(page.locator("#stream")).to_contain_text("Н-1")
    await expect(page.locator("#stream")).to_contain_text("прайс.pdf")
    await expect(page.locator("#stream")).to_contain_text("Зоя Новикова")
    await page.goto(theatre.url + "/clients?q=новикова+зоя")
    await expect(page.locator("#found .tabulator-row")).to_have_count(1)
    assert page.faults == []  # type: ignore[attr-defined]


async def test_the_card_says_who_of_the_company_calls_and_what_ends_soon(theatre: Stage) -> None:
    page = await theatre.desk()
    olga = ContactBrief(id=7, name="Ольга Зимина", role="бухгалтер", phones=((NOBODYS, "14", "рабочий"),))
    brief = ClientBrief(
        id=1,
        name="Гранит",
        relation="Поставщик",
        restricted=True,
        restricted_why="заявление от 12.11",
        people=(olga,),
        contracts=(ContractBrief(id=3, number="Д-17/26", ends_on="2026-12-01"),),
        last=LastCall(at=1_795_000_000.0, direction="inbound", outcome="answered", by="Борис"),
    )
    why = Why(code="contact-phone", args={"number": NOBODYS, "contact": olga.name, "role": olga.role})
    await theatre.ring(number=NOBODYS, matches=[Match(client=brief, why=why, contact=olga)])
    head = page.locator(".card-head")
    for said in (
        "Ольга Зимина, бухгалтер",
        "Поставщик",
        "Обработка ограничена: заявление от 12.11",
        "Договор Д-17/26",
        "01.12.2026",
        "Борис",
    ):
        await expect(head).to_contain_text(said)
    await expect(page.locator("[data-f=why]")).to_contain_text("телефон контактного лица: Ольга Зимина, бухгалтер")
    await expect(page.locator("#card-people")).to_contain_text("доб. 14")
    await expect(page.locator("#card-people button")).to_be_disabled()  # he may call, and is not called
    await expect(page.locator("#rings")).to_contain_text("Обработка ограничена: заявление от 12.11")
    assert await violations(page) == []
    assert page.faults == []  # type: ignore[attr-defined]
