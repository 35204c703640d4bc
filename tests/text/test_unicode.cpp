// The frozen Unicode tables against the reference, code point by code point; UTF-8.
#include <QtTest>
#include <set>

#include "base/json.hpp"
#include "shared_data.hpp"
#include "text/unicode.hpp"

using namespace telltale;

namespace {

using Ranges = std::vector<std::pair<char32_t, char32_t>>;

template <class Keep>
Ranges ranges_of(Keep keep) {
  Ranges out;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if ((c >= 0xD800 && c <= 0xDFFF) || !keep(c)) continue;
    if (!out.empty() && out.back().second + 1 == c)
      out.back().second = c;
    else
      out.emplace_back(c, c);
  }
  return out;
}

Ranges ranges_from(const Json& list) {
  Ranges out;
  for (const Json& r : list) out.emplace_back(r[0].get<std::uint32_t>(), r[1].get<std::uint32_t>());
  return out;
}

std::uint8_t properties(char32_t c) { return unicode::Properties::instance().of(c); }

/// What is left of one character: cleaned, decomposed, without nonspacing marks, lower-cased.
std::u32string normalised(char32_t c) {
  const std::uint8_t p = properties(c);
  if (p & unicode::control) return U"";
  if (p & unicode::space) return U" ";
  std::array<char32_t, 4> parts;
  std::u32string out;
  const std::size_t n = unicode::decompose(c, parts);
  for (std::size_t i = 0; i < n; ++i)
    if (!(properties(parts[i]) & unicode::mark)) out += unicode::lower(parts[i]);
  return out;
}

std::string utf8(const std::u32string& text) {
  std::string out;
  for (const char32_t c : text) unicode::append(out, c);
  return out;
}

}  // namespace

class TestUnicode : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void every_code_point() {
    TELLTALE_NEEDS_SHARED(shared);
    const Json golden = read_json(shared / "golden" / "codepoints.json");
    QVERIFY(ranges_of([](char32_t c) { return normalised(c).empty(); }) == ranges_from(golden["removed"]));
    QVERIFY(ranges_of([](char32_t c) { return bool(properties(c) & unicode::space); }) == ranges_from(golden["space"]));
    QVERIFY(ranges_of([](char32_t c) { return bool(properties(c) & unicode::cjk); }) == ranges_from(golden["cjk"]));
    QVERIFY(ranges_of([](char32_t c) {
              for (const char32_t x : normalised(c))
                if (properties(x) & unicode::punctuation) return true;
              return false;
            }) == ranges_from(golden["punctuation"]));

    std::size_t mapped = 0;
    for (char32_t c = 0; c < 0x110000; ++c) {
      if (c >= 0xD800 && c <= 0xDFFF) continue;
      const std::u32string now = normalised(c);
      if (now.empty() || now == U" " || now == std::u32string(1, c)) continue;
      ++mapped;
      const std::string key = QString::number(c, 16).toUpper().rightJustified(4, '0').toStdString();
      QVERIFY2(golden["mapped"].contains(key), key.c_str());
      QCOMPARE(utf8(now), golden["mapped"][key].get<std::string>());
    }
    QCOMPARE(mapped, golden["mapped"].size());
  }

  /// The bits that spare a search say what the searches say.
  void bits_and_tables_agree() {
    for (char32_t c = 0; c < 0x110000; ++c) {
      const std::uint8_t p = properties(c);
      std::array<char32_t, 4> parts;
      const std::size_t n = unicode::decompose(c, parts);
      QCOMPARE(bool(p & unicode::decomposes), n != 1 || parts[0] != c);
      QCOMPARE(bool(p & unicode::lowers), unicode::lower(c) != c);
      QCOMPARE(bool(p & unicode::combines), unicode::combining_class(c) != 0);
      for (std::size_t i = 0; i < n; ++i)  // in full: no part comes apart again
        QVERIFY(n == 1 || !(properties(parts[i]) & unicode::decomposes));
    }
  }

  void known_values() {
    QCOMPARE(unicode::combining_class(0x0301), std::uint8_t{230});
    QCOMPARE(unicode::combining_class(0x0323), std::uint8_t{220});
    QCOMPARE(unicode::combining_class(0x0345), std::uint8_t{240});
    QCOMPARE(unicode::combining_class(0x1DF6), std::uint8_t{0});  // came with Unicode 10; the reference stands at 9
    QCOMPARE(unicode::lower(U'Σ'), U'σ');
    QCOMPARE(unicode::lower(U'ẞ'), U'ß');
    QCOMPARE(unicode::lower(U'ς'), U'ς');
    std::array<char32_t, 4> parts;
    QCOMPARE(unicode::decompose(U'각', parts), std::size_t{3});
    QVERIFY(parts[0] == 0x1100 && parts[1] == 0x1161 && parts[2] == 0x11A8);
    QCOMPARE(unicode::decompose(U'가', parts), std::size_t{2});
    QCOMPARE(unicode::decompose(0x1F82, parts), std::size_t{4});
    QCOMPARE(parts[0], char32_t{0x3B1});
  }

  void utf8_there_and_back() {
    for (char32_t c = 0; c < 0x110000; ++c) {
      if (c >= 0xD800 && c <= 0xDFFF) continue;
      std::string bytes;
      unicode::append(bytes, c);
      QCOMPARE(unicode::find_invalid_utf8(bytes), std::string::npos);
      std::size_t at = 0;
      QCOMPARE(unicode::next(bytes, at), c);
      QCOMPARE(at, bytes.size());
      for (std::size_t cut = 1; cut < bytes.size(); ++cut)
        QCOMPARE(unicode::find_invalid_utf8(bytes.substr(0, cut)), std::size_t{0});
    }
  }

  void bad_utf8_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("at");
    QTest::newRow("lone continuation") << QByteArray("abc\x80") << 3;
    QTest::newRow("overlong slash") << QByteArray("\xC0\xAF") << 0;
    QTest::newRow("overlong, two") << QByteArray("a\xC1\xBF") << 1;
    QTest::newRow("overlong, three") << QByteArray("\xE0\x80\xAF") << 0;
    QTest::newRow("overlong, four") << QByteArray("\xF0\x80\x80\xAF") << 0;
    QTest::newRow("surrogate") << QByteArray("12345678\xED\xA0\x80") << 8;
    QTest::newRow("past the end") << QByteArray("\xF4\x90\x80\x80") << 0;
    QTest::newRow("F5") << QByteArray("\xF5\x80\x80\x80") << 0;
    QTest::newRow("FF") << QByteArray("ok\xFF") << 2;
    QTest::newRow("cut") << QByteArray("0123456789\xE2\x82") << 10;
    QTest::newRow("broken off") << QByteArray("\xE2\x82g") << 0;
    QTest::newRow("latin-1") << QByteArray("caf\xE9 au lait") << 3;
  }
  void bad_utf8() {
    QFETCH(QByteArray, bytes);
    QFETCH(int, at);
    QCOMPARE(unicode::find_invalid_utf8(bytes.toStdString()), static_cast<std::size_t>(at));
  }
};

QTEST_GUILESS_MAIN(TestUnicode)
#include "test_unicode.moc"
