"""`imagenet-s baselines`, and the tables it prints for papers."""

import csv
import dataclasses
import io
import json
import re
import shlex

import pytest

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.cli.table_formats import csv_table, latex_table, markdown_table

SEMI = "--config 919 --split val --protocol semi --metric mean_iou"


def printed(capsys: pytest.CaptureFixture[str], arguments: str) -> str:
    assert main(["baselines", *shlex.split(arguments)]) == 0
    out = capsys.readouterr()
    assert not out.err
    return out.out


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    """What all rows share stands above; each row names its source by number, with all that must be known of it."""
    rows = imagenet_s.baselines(919, "validation", "semi", "mean_iou")
    title, _, header, *lines = printed(capsys, SEMI).rstrip("\n").split("\n")
    assert title == "Published figures, in percent: ImageNet-S-919, validation, semi, mean_iou"
    assert header.split() == ["method", "backbone", "training", "%", "source"]
    sources = dict(re.fullmatch(r"\[(\d+)\] (.*)", line).groups() for line in lines[len(rows) + 1 :])
    assert len(set(sources.values())) == len(sources)
    for row, line in zip(rows, lines):
        match = re.fullmatch(r"(\S+) .* (\S+)  \[(\d+)\]", line)
        assert (match[1], float(match[2])) == (row.method, row.value)
        note = sources[match[3]]
        assert note.split(";")[0] == row.source
        assert note.endswith(row.note)
        assert ("archive" in note.removesuffix(row.note)) == (row.source_kind == "archive")


def test_what_differs_is_a_column(capsys: pytest.CaptureFixture[str]) -> None:
    title, _, header = printed(capsys, "--protocol distance").split("\n")[:3]
    assert title.endswith("ImageNet-S, distance, mean_iou")
    assert header.split()[:3] == ["config", "split", "method"]


@pytest.mark.parametrize("arguments", ["", SEMI, "--config im50 --metric shapbpt_max_iou"])
def test_json_and_csv_are_all_that_is_known(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows = json.loads(printed(capsys, f"{arguments} --format json"))
    names = ("config", "split", "protocol", "metric")
    wanted = dict(zip((word[2:] for word in arguments.split()[::2]), arguments.split()[1::2]))
    expected = [dataclasses.asdict(row) for row in imagenet_s.baselines(*(wanted.get(name) for name in names))]
    assert rows == expected
    lines = list(csv.DictReader(io.StringIO(printed(capsys, f"{arguments} --format csv"))))
    assert [{**line, "value": float(line["value"])} for line in lines] == rows


@pytest.mark.parametrize("form", ["table", "markdown", "latex"])
def test_every_row_in_every_form(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = printed(capsys, f"--format {form}").replace("\\", "")
    for row in imagenet_s.baselines():
        assert row.method in out
        assert row.source in out
    assert len(re.findall(r"\[\d+\](?: \||\s*$| $)", out, re.MULTILINE)) >= len(imagenet_s.baselines())


def test_latex(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, "--config 50 --split validation --protocol unsupervised --format latex").split("\n")
    assert lines[0] == r"% \usepackage{booktabs,url}"
    assert r"\begin{tabular}{llllrl}" in lines
    assert r"mean\_iou & PASS\_p &  & SSL & 32.4 & [2] \\" in lines
    assert lines.count(r"\midrule") == 4, "a line between figures"
    for line in lines:
        assert not re.search(r"(?<!\\)[_%#&]", re.sub(r"\\url\{[^}]*\}| & |^%", "", line)), line
    text = "\n".join(lines)
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "latex", "json"])
def test_nothing_of_this_kind(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The message says which other values would give something."""
    assert main(["baselines", "--config", "300", "--protocol", "semi", "--format", form]) == 1
    out = capsys.readouterr()
    assert not out.out
    assert "of --config 300, --protocol semi" in out.err
    assert "With another --config there is 919." in out.err
    assert "With another --protocol there is unsupervised, distance, free." in out.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ("--metric miou", 1, "no published figure has the metric 'miou'; there are mean_iou,"),
        ("--split train-semi", 1, "has the split 'train_semi'; there are validation, test."),
        ("--protocol full", 2, "invalid choice: 'full'"),
        ("--config 100", 2, "invalid choice: '100'"),
    ],
)
def test_values_that_do_not_exist(arguments: str, code: int, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        ended: object = main(["baselines", *arguments.split()])
    except SystemExit as exit_of_argparse:
        ended = exit_of_argparse.code
    assert ended == code
    assert message in capsys.readouterr().err


ODD = ["a_b & 50 % #1", "[x] *y* |z| <w>", r"\back {slash} ~ ^ $"]


def test_what_latex_would_obey_is_text() -> None:
    lines = latex_table(["name", "%"], [[text, 1.5] for text in ODD], "100 % of it", ["see https://a.b/c_d%e#f; 5 %."])
    lines = lines.split("\n")
    assert r"\caption{100 \% of it}" in lines
    assert r"a\_b \& 50 \% \#1 & 1.5 \\" in lines
    assert r"{}[x] *y* \textbar{}z\textbar{} \textless{}w\textgreater{} & 1.5 \\" in lines
    assert r"\textbackslash{}back \{slash\} \textasciitilde{} \textasciicircum{} \$ & 1.5 \\" in lines
    assert r"see \url{https://a.b/c_d%e#f}; 5 \%.\par" in lines
    assert r"\begin{tabular}{lr}" in lines


def test_emphasis_and_lines() -> None:
    table = latex_table(["name", "%"], [["a", 2], ["b", 1]], rules=[1], bold=[(0, 1)], underlined=[(1, 1)])
    body = table.split("\\midrule\n", 1)[1]
    assert body.startswith("a & \\textbf{2} \\\\\n\\midrule\nb & \\underline{1} \\\\\n\\bottomrule")
    assert "caption" not in table
    assert "minipage" not in table


def test_markdown_cells_stay_in_their_columns() -> None:
    header, ends, *lines = markdown_table(["name", "%"], [[text, 1] for text in ODD]).split("\n")
    assert (header, ends) == ("| name | % |", "| --- | ---: |")
    for line, text in zip(lines, ODD):
        cells = re.split(r"(?<!\\)\|", line)
        assert len(cells) == 4
        assert re.sub(r"\\([\\`*_<|\[\]])", r"\1", cells[1].strip()) == text


def test_csv_cells_come_back() -> None:
    rows = [[text, 'two\nlines, "quoted"'] for text in ODD]
    assert list(csv.reader(io.StringIO(csv_table(["a", "b"], rows)))) == [["a", "b"], *rows]


def test_tables_without_rows() -> None:
    assert csv_table(["a"], []) == "a"
    assert markdown_table(["a"], []) == "| a |\n| --- |"
    assert r"\begin{tabular}{l}" in latex_table(["a"], [])
