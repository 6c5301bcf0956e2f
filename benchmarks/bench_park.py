"""A park made for benchmarks: many enterprises, one device each, one rule without delays."""

from pathlib import Path

PARK = "demo"
ENTERPRISES, SENSORS_EACH = 50, 20
RULES = """\
rules:
  - name: crossing
    kind: threshold
    title: {zh: 越限, en: crossing}
    watches: {quantity: [cl2]}
    levels: [{level: orange, limit: alarm_1}]
"""


def write_park(config: Path, enterprises: int = ENTERPRISES) -> list[tuple[str, list[str]]]:
    """A park of enterprises with one device of 20 sensors each; (topic, sensors) of every device."""
    rows = ["id: demo", "name: {zh: 测试, en: bench}", "simulated: true", "timezone: Asia/Shanghai"]
    lon, lat, side = 118.30, 34.00, 0.001
    width = enterprises * side
    east, north = f"{lon + width:.4f}", f"{lat + side:.4f}"
    rows.append(f"boundary: [[{lon}, {lat}], [{east}, {lat}], [{east}, {north}], [{lon}, {north}]]")
    rows.append("enterprises:")
    devices: list[tuple[str, list[str]]] = []
    device_rows = ["devices:"]
    for number in range(enterprises):
        west, name = lon + number * side, f"e{number:03d}"
        corners = [[west, lat], [west + side * 0.9, lat], [west + side * 0.9, lat + side], [west, lat + side]]
        shape = ", ".join(f"[{x:.5f}, {y:.5f}]" for x, y in corners)
        rows.append(f"  - {{id: {name}, name: {{zh: 甲, en: {name}}}, polygon: [{shape}]}}")
        device_rows += [
            f"  - id: {name}-d",
            f"    owner: {name}",
            f"    name: {{zh: 甲, en: {name}}}",
            "    sensors:",
        ]
        sensors = [f"{name}-s{place:02d}" for place in range(SENSORS_EACH)]
        device_rows += [
            f"      - {{id: {sensor}, name: {{zh: 甲, en: {sensor}}}, quantity: cl2, unit: mg/m3, "
            f"range: [0, 50], placement: unit, height_m: 1, "
            f"position: [{west + side * 0.4:.5f}, {lat + side * 0.5:.5f}], "
            f"interval_seconds: 1, hold_seconds: 60}}"
            for sensor in sensors
        ]
        devices.append((f"fenceline/{PARK}/{name}/{name}-d/readings", sensors))
    park = config / "parks" / PARK / "park.yaml"
    park.write_text("\n".join([*rows, *device_rows]) + "\n", "utf-8")
    for rules in (config / "rules").glob("*.yaml"):
        rules.unlink()
    (config / "rules" / "crossing.yaml").write_text(RULES, "utf-8")
    return devices
