"""What keeps somebody from using a screen: axe's findings, small targets."""

from __future__ import annotations

from tests.browser.screens import Window

SIZES = {"phone": (360, 740), "tablet": (1280, 800)}


def violations(window: Window, axe: str) -> list[str]:
    window.look()
    window.browser.execute_script(axe)
    found = window.browser.execute_async_script(
        "const done = arguments[0]; axe.run(document, {resultTypes: ['violations']}).then(done)"
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def small_targets(window: Window) -> list[str]:
    """The targets below 48 px; and a word if the page is wider than its window."""
    return window.run(
        """
        const inputs = "input:not([type=radio], [type=checkbox], [type=file])";
        const targets = `button, .button, select, ${inputs}, summary, nav a`;
        return [...document.querySelectorAll(targets)]
            .filter((element) => element.checkVisibility())
            .filter((element) => {
                const { width, height } = element.getBoundingClientRect();
                return width < 47.5 || height < 47.5;
            })
            .map((element) => element.outerHTML.slice(0, 100))
            .concat(document.documentElement.scrollWidth > innerWidth ? ["the page is wider than the window"] : [])
        """
    )
