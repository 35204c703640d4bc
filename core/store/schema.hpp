// The tables of a .telltale file, as numbered migrations. Only core/store and its tests include this.
#pragma once
#include <SQLiteCpp/SQLiteCpp.h>

#include <span>
#include <string>

namespace telltale {

/// Step `number` brings a file of user_version number − 1 to `number`. A step that was ever released is never edited.
struct Migration {
  int number;
  const char* sql;
};
std::span<const Migration> migrations();

/// user_version of files this program writes.
int schema_version();

/// Applies the migrations after `from` up to `to`, inside the caller's transaction, and sets application_id and user_version.
void migrate(SQLite::Database& db, int from, int to);

/// What differs between the tables of `db` and those that the migrations make; empty when nothing does.
/// Tables and views that somebody added are no difference.
std::string schema_difference(SQLite::Database& db);

/// The name of a trigger that the migrations do not make, or not so; empty when there is none. It would run with every write of ours.
std::string foreign_trigger(SQLite::Database& db);

}  // namespace telltale
