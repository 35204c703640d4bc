// What the tests of the store share: a folder that goes away, raw SQL on a file, and a small data set.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <QTemporaryDir>
#include <QtTest>
#include <exception>
#include <filesystem>
#include <string>

#include "store/store.hpp"

struct Temporary {
  QTemporaryDir dir;
  std::filesystem::path operator/(const std::string& name) const { return std::filesystem::path(dir.path().toStdString()) / name; }
};

inline void sql(const std::filesystem::path& file, const std::string& statements) {
  SQLite::Database db(file.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, 1000);
  db.exec(statements);
}

/// One line about what went wrong, or "" when nothing did.
template <class F>
std::string error_of(F&& f) {
  try {
    f();
  } catch (const std::exception& e) {
    return e.what();
  }
  return {};
}

inline telltale::DatasetInfo small_dataset(telltale::Store& store, const std::string& name = "small") {
  auto import = store.begin_import(name, "made up", {{"seed", 0}});
  telltale::Document d;
  const auto add = [&](const char* id, const char* split, const char* label, std::string text) {
    d.external_id = id;
    d.split = split;
    d.text = std::move(text);
    import->add(d, label);
  };
  add("a", "train", "hockey", "The goalie dropped the puck");
  add("b", "train", "autos", "The clutch of my car slipped");
  add("c", "test", "hockey", "Naïve goalie, said the coach");
  add("d", "test", "autos", "Brakes and \"clutch\" again");
  return import->commit({{"skipped", telltale::Json::array()}});
}
