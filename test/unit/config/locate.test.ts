import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "smol-toml";
import { Lines } from "../../../src/config/locate.ts";

const TEXT = `# first
title = "a # b [c]"
"quoted key" = 'x = 1'
a.b.c = 1979-05-27 07:32:00 # a date with a space
text = """
[not.a.table]
key = 1
quote \\""" stays
"""
tail = """two quotes at the end"""""
raw = '''
[neither]'''

[table]
one = 1
sub = { x = 1, "y" = [1, 2], z.w = 3 }
list = [
  "one", # ]
  [ "nested",
    "deep" ],
  { k = "v" },
]

[table.child]
two = 2

[[array]]
name = "first"
[array.inner]
key = 1
[[array.many]]
key = 1
[[array.many]]
key = 2

[[array]]
name = "second"
[[array.many]]
key = 3
`;

test("the line of every kind of key", () => {
  parse(TEXT);
  const lines = new Lines(TEXT);
  const where: [PropertyKey[], number][] = [
    [["title"], 2],
    [["quoted key"], 3],
    [["a", "b", "c"], 4],
    [["a", "b"], 4],
    [["text"], 5],
    [["tail"], 10],
    [["raw"], 11],
    [["table"], 14],
    [["table", "one"], 15],
    [["table", "sub", "x"], 16],
    [["table", "sub", "y", 1], 16],
    [["table", "sub", "z", "w"], 16],
    [["table", "list"], 17],
    [["table", "list", 0], 18],
    [["table", "list", 1, 0], 19],
    [["table", "list", 1, 1], 20],
    [["table", "list", 2, "k"], 21],
    [["table", "child", "two"], 25],
    [["array", 0], 27],
    [["array", 0, "name"], 28],
    [["array", 0, "inner", "key"], 30],
    [["array", 0, "many", 0, "key"], 32],
    [["array", 0, "many", 1, "key"], 34],
    [["array", 1, "name"], 37],
    [["array", 1, "many", 0, "key"], 39],
  ];
  for (const [path, line] of where) assert.equal(lines.of(path), line, JSON.stringify(path));
});

test("what is not there has the line of the table around it", () => {
  const lines = new Lines(TEXT);
  assert.equal(lines.of(["array", 1, "missing"]), 36);
  assert.equal(lines.of(["table", "missing", "deeper"]), 14);
  assert.equal(lines.of(["missing"]), 1);
  assert.equal(lines.of([]), 1);
});

test("carriage returns and a text without a last line feed", () => {
  const lines = new Lines('a = 1\r\n[t]\r\nb = "x"');
  assert.equal(lines.of(["a"]), 1);
  assert.equal(lines.of(["t", "b"]), 3);
});

test("a key of very many parts takes no more than its length", () => {
  const lines = new Lines(`a = 1\n${"b.".repeat(50_000)}c = 1\n`);
  assert.equal(lines.of(["b", "b", "b"]), 2);
  assert.equal(lines.of(["a"]), 1);
});
