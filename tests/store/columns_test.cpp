// Columns of posts: read from a file, kept with the data set, what is wrong with a line said with its place.
#include "store/columns.hpp"

#include <fstream>

#include "store/temporary.hpp"

using namespace telltale;

class ColumnsTest : public QObject {
  Q_OBJECT
  Temporary tmp_;
  std::filesystem::path file(const std::string& content) {
    const auto path = tmp_ / "c.jsonl";
    std::ofstream(path) << content;
    return path;
  }

 private Q_SLOTS:
  void a_file_is_read() {
    const PostColumns c = read_columns(file("{\"id\": \"a\", \"text\": \"t\", \"year\": 1993, \"deep\": [1]}\n\n{\"id\": 7, \"who\": null}\r\n"));
    QCOMPARE(c.size(), std::size_t{2});
    QCOMPARE(c.at("a").size(), std::size_t{1});  // the text is no column, nor is a list
    QCOMPARE(c.at("a").at("year"), Json(1993));
    QVERIFY(c.at("7").at("who").is_null());
  }

  void what_is_wrong_is_said_with_its_line() {
    for (const auto& [content, expected] : {std::pair{"{\"id\": \"a\"}\n[1]\n", "line 2: expected a JSON object"}, {"{\"year\": 1}\n", "line 1: expected \"id\""}, {"{\"id\": 1.5}\n", "line 1: expected \"id\""}, {"\n{\"id\"", "line 2"}}) {
      try {
        read_columns(file(content));
        QFAIL(content);
      } catch (const std::runtime_error& e) {
        QVERIFY2(QString(e.what()).contains(QLatin1String(expected)), e.what());
      }
    }
    QVERIFY_EXCEPTION_THROWN(read_columns(tmp_ / "missing"), std::runtime_error);
    QVERIFY_EXCEPTION_THROWN(read_columns(std::filesystem::temp_directory_path()), std::runtime_error);
  }

  void kept_with_the_data_set() {
    const auto store = Store::open(tmp_ / "k.telltale", Store::Mode::create);
    const DatasetInfo data = small_dataset(*store);
    QVERIFY(kept_columns(*store, data.id).empty() && kept_column_names(*store, data.id).empty());
    const auto documents = store->documents({.dataset = data.id});
    const std::string a = documents.at(0).external_id, b = documents.at(1).external_id;
    QCOMPARE(keep_columns(*store, data.id, {{a, {{"year", 1993}}}, {b, {{"year", 1994}}}, {"nobody's", {{"moon", true}}}}), std::size_t{2});
    QCOMPARE(keep_columns(*store, data.id, {{a, {{"year", 2000}, {"who", "x"}}}}), std::size_t{1});
    const PostColumns kept = kept_columns(*store, data.id);
    QCOMPARE(kept.size(), std::size_t{2});
    QCOMPARE(kept.at(a).at("year"), Json(2000));  // the later one
    QCOMPARE(kept.at(b).at("year"), Json(1994));
    QCOMPARE(kept_column_names(*store, data.id), (std::vector<std::string>{"who", "year"}));
    try {
      keep_columns(*store, data.id, {{"nobody's", {{"moon", true}}}});
      QFAIL("accepted");
    } catch (const std::invalid_argument& e) {
      QVERIFY2(QString(e.what()).contains(QStringLiteral("none of the 1 ids")), e.what());
    }
    QCOMPARE(kept_columns(*store, data.id).size(), std::size_t{2});
  }
};

QTEST_GUILESS_MAIN(ColumnsTest)
#include "columns_test.moc"
