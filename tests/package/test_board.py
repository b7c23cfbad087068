# SPDX-License-Identifier: Apache-2.0
"""conf/grafana/longthrow.json: its form, and every expression on it against what /metrics really has.

The samples are those of tests/unit/control/golden/metrics.txt, which another test holds against the program: each
kind of metric is there. promtool evaluates each expression on them; a name, a label or a match that finds nothing
fails.
"""
import json
import os
import re
import shutil
import subprocess

import pytest

from support.node import ROOT

BOARD = json.loads((ROOT / "conf" / "grafana" / "longthrow.json").read_text())
GOLDEN = ROOT / "tests" / "unit" / "control" / "golden" / "metrics.txt"
ALERTS = ROOT / "conf" / "prometheus" / "alerts.yml"
SCRAPE = {"instance", "job"}  # labels that Prometheus adds
VARIABLES = {"$instance": ".*", "$link": ".*", "$group": ".*", "$__rate_interval": "5m", "$__range": "1h"}
# Of Grafana's own panels, what each must have beside the common parts.
DRAWN = {"options", "fieldConfig", "targets"}
PANELS = {"row": set(), "stat": DRAWN, "timeseries": DRAWN, "state-timeline": DRAWN,
          "table": DRAWN | {"transformations"}}
UNITS = {"none", "short", "s", "bytes", "Bps", "percentunit", "bool_yes_no", "dateTimeFromNow"}


def panels() -> list[dict]:
    return BOARD["panels"]


def shown() -> list[tuple[str, str, str]]:
    """(where, expression, legend) of everything that is asked of Prometheus; a legend names labels as {{label}}."""
    found = [(panel["title"], target["expr"], target["legendFormat"])
             for panel in panels() for target in panel.get("targets", [])]
    for note in BOARD["annotations"]["list"]:
        if "expr" in note:
            found.append((f"annotation {note['name']}", note["expr"], note["titleFormat"] + note["textFormat"]))
    return found


def filled(text: str) -> str:
    for name, value in VARIABLES.items():
        text = text.replace(name, value)
    assert "$" not in text, text
    return text


def selectors(text: str) -> list[tuple[str, str | None]]:
    return [(name, inner) for name, inner in re.findall(r"(longthrow_\w+)(?:\{([^}]*)\})?", text)]


def matched(inner: str) -> set[str]:
    return set(re.findall(r"(\w+) ?(?:=~|!~|!=|=)", inner))


@pytest.fixture(scope="module")
def samples() -> list[tuple[str, str, str, bool]]:
    """(name, labels, value, counter) of each sample."""
    lines = GOLDEN.read_text().splitlines()
    counters = {line.split()[2] for line in lines if line.startswith("# TYPE") and line.endswith(" counter")}
    found = []
    for line in lines:
        if line.startswith("#"):
            continue
        name, labels, value = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line).groups()
        found.append((name, labels or "", value, name in counters))
    assert len(found) > 100
    return found


@pytest.fixture(scope="module")
def labels_of(samples) -> dict[str, set[str]]:
    labels: dict[str, set[str]] = {}
    for name, text, _, _ in samples:
        labels.setdefault(name, set()).update(re.findall(r"(\w+)=\"", text))
    return labels


def faults_of(expression: str, labels_of: dict[str, set[str]]) -> list[str]:
    """What of the metrics and labels that the expression names is not there, or not under the board's variables."""
    faults = []
    for name, inner in selectors(expression):
        if name not in labels_of:
            faults.append(f"there is no metric {name}")
            continue
        faults += [f"{name} has no label {label}" for label in matched(inner) - labels_of[name] - SCRAPE]
        wanted = {"instance"} | ({"link", "group"} & labels_of[name])
        # A loss of the whole node is of no link and no group.
        missing = wanted - matched(inner) if "reason=" not in inner else set()
        faults += [f"{name} does not follow ${label}" for label in missing
                   if label != "group" or "link" not in matched(inner)]
    return faults


@pytest.mark.parametrize("where, expression", [(where, expression) for where, expression, _ in shown()])
def test_only_metrics_and_labels_that_are_there_are_named(where, expression, labels_of):
    assert selectors(expression), where
    assert not faults_of(expression, labels_of)


def test_a_misspelt_metric_or_label_is_found(labels_of):
    for expression, fault in (('longthrow_lag_byte{instance=~"$instance"}', "there is no metric longthrow_lag_byte"),
                              ('longthrow_link_up{instance=~"$instance",link=~"$link",lnk="x"}',
                               "longthrow_link_up has no label lnk"),
                              ('longthrow_link_up{instance=~"$instance"}', "longthrow_link_up does not follow $link")):
        assert faults_of(expression, labels_of) == [fault]


def promtool() -> str:
    found = os.environ.get("LONGTHROW_PROMTOOL") or shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not here: Debian's prometheus package could not be fetched")
    return found


def run(*command) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_promtool_parses_every_expression(tmp_path):
    rules = [{"record": f"board:{number}", "expr": filled(expression)}
             for number, (_, expression, _) in enumerate(shown())]
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "board", "rules": rules}]}))  # JSON is YAML
    done = run(promtool(), "check", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout


def exists(expression: str) -> dict:
    return {"expr": f"count({expression}) > bool 0", "eval_time": "30m", "exp_samples": [{"labels": "{}", "value": 1}]}


def evaluated(checks: list[dict], samples, folder) -> subprocess.CompletedProcess:
    """promtool's word on these checks, after half an hour of scrapes of all samples; counters grow by 1 a scrape."""
    series = []
    for name, labels, value, counter in samples:
        own = ",".join(part for part in (labels, 'instance="a"', 'job="longthrow"') if part)
        series.append({"series": f"{name}{{{own}}}", "values": f"{value}{'+1' if counter else '+0'}x125"})
    (folder / "none.yml").write_text('{"groups": []}')
    (folder / "test.yml").write_text(json.dumps({
        "rule_files": ["none.yml"], "evaluation_interval": "15s",
        "tests": [{"interval": "15s", "input_series": series, "promql_expr_test": checks}]}))
    return run(promtool(), "test", "rules", folder / "test.yml")


def test_every_expression_finds_samples_with_the_labels_of_its_legend(samples, tmp_path):
    checks = []
    for _, expression, legend in shown():
        expression = filled(expression)
        checks.append(exists(expression))
        for label in re.findall(r"\{\{(\w+)\}\}", legend):
            checks.append(exists(f'label_replace({expression}, "seen", "yes", "{label}", ".+") '
                                 'and on (seen) label_replace(vector(1), "seen", "yes", "", "")'))
    done = evaluated(checks, samples, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("wrong", ['longthrow_link_up{link="nowhere"}', "longthrow_no_such_metric",
                                   "longthrow_lag_bytes / on (route) longthrow_lag_seconds"])
def test_an_expression_that_finds_nothing_fails(samples, tmp_path, wrong):
    assert evaluated([exists(wrong)], samples, tmp_path).returncode != 0


def test_what_alerts_fire_on_is_on_the_board():
    alerts = {name for name, _ in selectors(ALERTS.read_text())}
    board = {name for _, expression, _ in shown() for name, _ in selectors(expression)}
    # The sum of what the board shows by group is an alarm of a link.
    assert alerts - board <= {"longthrow_link_lag_bytes"}


def test_variables_come_from_the_metrics(labels_of):
    variables = {variable["name"]: variable for variable in BOARD["templating"]["list"]}
    assert list(variables) == ["datasource", "instance", "link", "group"]
    for name in ("instance", "link", "group"):
        variable = variables[name]
        metric, inner, label = re.fullmatch(r"label_values\((\w+)(?:\{(.*)\})?, (\w+)\)",
                                            variable["definition"]).groups()
        assert variable["query"] == variable["definition"]
        assert label == name and label in labels_of[metric] | SCRAPE
        assert matched(inner or "") <= labels_of[metric] | SCRAPE
        assert variable["multi"] and variable["includeAll"] and variable["allValue"] == ".*"


def test_its_form_is_that_of_a_grafana_board():
    assert BOARD["schemaVersion"] >= 36 and BOARD["uid"] == "longthrow" and "id" not in BOARD
    numbers = [panel["id"] for panel in panels()]
    assert len(set(numbers)) == len(numbers)
    source = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels():
        assert PANELS[panel["type"]] <= set(panel), panel["title"]
        if panel["type"] == "row":
            continue
        assert panel["title"] and panel["description"] and panel["datasource"] == source, panel["title"]
        references = [target["refId"] for target in panel["targets"]]
        assert len(set(references)) == len(references) > 0
        assert all(target["datasource"] == source for target in panel["targets"])
        assert all(target["instant"] != target["range"] for target in panel["targets"])
        assert panel["fieldConfig"]["defaults"].get("unit", "none") in UNITS, panel["title"]
        steps = panel["fieldConfig"]["defaults"].get("thresholds", {"steps": []})["steps"]
        if steps:
            values = [step["value"] for step in steps]
            assert values[0] is None and values[1:] == sorted(values[1:]), panel["title"]
        for mapping in panel["fieldConfig"]["defaults"].get("mappings", []):
            assert mapping["type"] == "value" and all({"text", "color", "index"} == set(each)
                                                      for each in mapping["options"].values())


def test_no_panel_lies_on_another():
    taken: dict[tuple[int, int], str] = {}
    for panel in panels():
        place = panel["gridPos"]
        assert place["w"] > 0 and place["h"] > 0 and place["x"] >= 0 and place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, (panel["title"], taken[x, y])
                taken[x, y] = panel["title"]
    height = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in panels())
    assert {y for _, y in taken} == set(range(height)), "no empty line"
