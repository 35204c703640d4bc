#!/usr/bin/env python3
"""Writes unicode_tables.cpp: what BERT's normaliser, as Hugging Face runs it, knows of Unicode.

  python3 make_tables.py > unicode_tables.cpp                     (Python 3.11: unicodedata 14.0.0)
  python3 make_tables.py --check CODEPOINTS.json > unicode_tables.cpp   compares with a reference first

The reference takes each property from a library of its own, and each library has the Unicode of its own time:
categories of Unicode 8.0, combining classes and decompositions of 9.0, lower case of 17.0. The tables here are those of
Python's unicodedata with the differences below put right. They are frozen: no library that happens to be installed counts.
"""
import argparse
import json
import sys
import unicodedata


def points(text):
    """ "1F-21 7F" → {0x1F, 0x20, 0x21, 0x7F} """
    out = set()
    for part in text.split():
        first, _, last = part.partition("-")
        out.update(range(int(first, 16), int(last or first, 16) + 1))
    return out


# Characters that Unicode 14.0 has and 8.0 had not (or had in another category).
NOT_YET_CONTROL = points("890-891 8E2 110CD 13430-13438")
NOT_YET_MARK = points("""7FD 898-89F 8CA-8E1 9FE AFA-AFF B55 C04 C3C D00 D3B-D3C D81 EBA 180F 1885-1886 1ABF-1ACE 1DF6-1DFB A82C
    A8C5 A8FF A9BD 10D24-10D27 10EAB-10EAC 10F46-10F50 10F82-10F85 11070 11073-11074 110C2 111C9 111CF 1123E 1133B 11438-1143F
    11442-11444 11446 1145E 1182F-11837 11839-1183A 1193B-1193C 1193E 11943 119D4-119D7 119DA-119DB 119E0 11A01-11A0A
    11A33-11A38 11A3B-11A3E 11A47 11A51-11A56 11A59-11A5B 11A8A-11A96 11A98-11A99 11C30-11C36 11C38-11C3D 11C3F 11C92-11CA7
    11CAA-11CB0 11CB2-11CB3 11CB5-11CB6 11D31-11D36 11D3A 11D3C-11D3D 11D3F-11D45 11D47 11D90-11D91 11D95 11D97 11EF3-11EF4
    16F4F 16FE4 1CF00-1CF2D 1CF30-1CF46 1E000-1E006 1E008-1E018 1E01B-1E021 1E023-1E024 1E026-1E02A 1E130-1E136 1E2AE
    1E2EC-1E2EF 1E944-1E94A""")
MARK_THEN = points("1734")
NOT_YET_PUNCTUATION = points("""61D 9FD A76 C77 C84 1B7D-1B7E 2E43-2E4F 2E52-2E5D 10EAD 10F55-10F59 10F86-10F89 1144B-1144F
    1145A-1145B 1145D 11660-1166C 116B9 1183B 11944-11946 119E2 11A3F-11A46 11A9A-11A9C 11A9E-11AA2 11C41-11C45 11C70-11C71
    11EF7-11EF8 11FFF 12FF1-12FF2 16E97-16E9A 16FE2 1E95E-1E95F""")
PUNCTUATION_THEN = points("166D 111C9")
# … and 9.0 had not.
NOT_YET_COMBINING = points("""7FD 898-89F 8CA-8D3 9FE C3C D3B-D3C EBA 1715 1ABF-1ACE 1DF6-1DFA A82C 10D24-10D27 10EAB-10EAC
    10F46-10F50 10F82-10F85 11070 1133B 1145E 11839-1183A 1193D-1193E 11943 119E0 11A34 11A47 11A99 11D42 11D44-11D45 11D97
    16FF0-16FF1 1E130-1E136 1E2AE 1E2EC-1E2EF""")
NOT_YET_DECOMPOSED = points("11938")
# Lower case that came after 14.0: first, last, what is added.
LATER_LOWER = [(0x1C89, 0x1C89, 1), (0xA7CB, 0xA7CB, 0x264 - 0xA7CB), (0xA7CC, 0xA7CC, 1), (0xA7CE, 0xA7CE, 1), (0xA7D2, 0xA7D2, 1),
               (0xA7D4, 0xA7D4, 1), (0xA7DA, 0xA7DA, 1), (0xA7DC, 0xA7DC, 0x19B - 0xA7DC), (0x10D50, 0x10D65, 32), (0x16EA0, 0x16EB8, 27)]
# Not Unicode's: BERT's own idea of Chinese characters. 2B820–2B91F are left out, a slip that is now the standard.
CJK = points("3400-4DBF 4E00-9FFF F900-FAFF 20000-2A6DF 2A700-2B81F 2B920-2CEAF 2F800-2FA1F")
# U+FFFD is removed as control characters are; NUL is one.
REMOVED_TOO = points("FFFD")

EVERY = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
CATEGORY = {c: unicodedata.category(chr(c)) for c in EVERY}


def in_category(*names):
    return {c for c in EVERY if CATEGORY[c] in names}


CONTROL = (in_category("Cc", "Cf", "Co") - {9, 10, 13} - NOT_YET_CONTROL) | REMOVED_TOO
SPACE = in_category("Zs", "Zl", "Zp") | {9, 10, 13}
MARK = (in_category("Mn") - NOT_YET_MARK) | MARK_THEN
PUNCTUATION = ((in_category("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po") - NOT_YET_PUNCTUATION) | PUNCTUATION_THEN
               | {c for c in range(33, 127) if not chr(c).isalnum()})
COMBINING = {c: unicodedata.combining(chr(c)) for c in EVERY if unicodedata.combining(chr(c)) and c not in NOT_YET_COMBINING}
# Hangul syllables are decomposed by rule.
DECOMPOSED = {c: [ord(x) for x in unicodedata.normalize("NFD", chr(c))] for c in EVERY
              if not 0xAC00 <= c <= 0xD7A3 and c not in NOT_YET_DECOMPOSED and unicodedata.normalize("NFD", chr(c)) != chr(c)}
LOWER = {c: ord(chr(c).lower()) for c in EVERY if len(chr(c).lower()) == 1 and chr(c).lower() != chr(c)}
for first, last, step in LATER_LOWER:
    LOWER.update({c: c + step for c in range(first, last + 1)})
LOWER[0x130] = 0x69  # and U+0307 after it: the only one that becomes two


def ranges(values):
    out = []
    for c in sorted(values):
        if out and c == out[-1][1] + 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def class_ranges():
    out = []
    for c in sorted(COMBINING):
        if out and c == out[-1][1] + 1 and COMBINING[c] == out[-1][2]:
            out[-1][1] = c
        else:
            out.append([c, c, COMBINING[c]])
    return out


def lower_ranges():
    """[first, last, stride, what is added]: stride 2 where upper and lower case take turns."""
    out = []
    for c in sorted(LOWER):
        add = LOWER[c] - c
        if out and out[-1][3] == add and (c - out[-1][1] == out[-1][2] or (out[-1][0] == out[-1][1] and c - out[-1][1] <= 2)):
            out[-1][2] = c - out[-1][1]
            out[-1][1] = c
        else:
            out.append([c, c, 1, add])
    return out


def normalised(c):
    """What becomes of one character: the pieces that are left, lower-cased."""
    if c in CONTROL:
        return ""
    if c in SPACE:
        return " "
    if 0xAC00 <= c <= 0xD7A3:
        d = [ord(x) for x in unicodedata.normalize("NFD", chr(c))]
    else:
        d = DECOMPOSED.get(c, [c])
    return "".join(chr(LOWER.get(x, x)) for x in d if x not in MARK)


def check(path):
    with open(path) as f:
        golden = json.load(f)
    def mine(keep):
        return [list(r) for r in ranges(c for c in EVERY if keep(c))]
    wrong = []
    if mine(lambda c: normalised(c) == "") != golden["removed"]:
        wrong.append("removed")
    if mine(lambda c: c in SPACE) != golden["space"]:
        wrong.append("space")
    if mine(lambda c: c in CJK) != golden["cjk"]:
        wrong.append("cjk")
    if mine(lambda c: any(ord(x) in PUNCTUATION for x in normalised(c))) != golden["punctuation"]:
        wrong.append("punctuation")
    if {f"{c:04X}": normalised(c) for c in EVERY if normalised(c) not in ("", " ", chr(c))} != golden["mapped"]:
        wrong.append("mapped")
    if wrong:
        sys.exit(f"make_tables.py: not as {path} has it: {', '.join(wrong)}")


def rows(items):
    """Comma-separated items, filled up to 120 columns."""
    lines, line = [], "   "
    for item in items:
        if len(line) + len(item) + 2 > 120:
            lines.append(line)
            line = "   "
        line += " " + item + ","
    return "\n".join(lines + [line])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", metavar="CODEPOINTS.json")
    arguments = parser.parse_args()
    if unicodedata.unidata_version != "14.0.0":
        sys.exit(f"make_tables.py: needs unicodedata 14.0.0 (Python 3.11), this one is {unicodedata.unidata_version}")
    if arguments.check:
        check(arguments.check)
    print("// Made by make_tables.py; do not edit. What the reference knows of Unicode, and where it differs from any one version, is said there.")
    print("// clang-format off")
    print('#include "text/unicode_tables.hpp"\n')
    print("namespace telltale::unicode {\n")
    for name, values in [("control", CONTROL), ("space", SPACE), ("mark", MARK), ("punctuation", PUNCTUATION), ("cjk", CJK)]:
        body = rows(f"{{0x{a:X}, 0x{b:X}}}" for a, b in ranges(values))
        print(f"const Range {name}_data[] = {{\n{body}\n}};\nconst std::span<const Range> {name}_ranges = {name}_data;\n")
    body = rows(f"{{0x{a:X}, 0x{b:X}, {k}}}" for a, b, k in class_ranges())
    print(f"const ClassRange combining_data[] = {{\n{body}\n}};\nconst std::span<const ClassRange> combining_ranges = combining_data;\n")
    body = rows(f"{{0x{a:X}, 0x{b:X}, {s}, {add}}}" for a, b, s, add in lower_ranges())
    print(f"const LowerRange lower_data[] = {{\n{body}\n}};\nconst std::span<const LowerRange> lower_ranges = lower_data;\n")
    body = rows(f"{{0x{c:X}, {{{', '.join(f'0x{x:X}' for x in d)}}}}}" for c, d in sorted(DECOMPOSED.items()))
    print(f"const Decomposition decomposition_data[] = {{\n{body}\n}};\nconst std::span<const Decomposition> decompositions = decomposition_data;\n")
    print("}  // namespace telltale::unicode")


if __name__ == "__main__":
    main()
