#include "store/simulations.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "store/connection.hpp"

namespace telltale {
namespace {

std::optional<int> small(Query& q, int column) {
  const auto v = q.optional_integer(column);
  return v ? std::optional(static_cast<int>(*v)) : std::nullopt;
}

void read_items(Store::Impl& impl, SimulationRecord& s) {
  Query q(impl,
          "SELECT i.place, i.document, i.explained, i.predicted, i.foil, c.label, i.answer, i.confidence, i.milliseconds, ifnull(i.answered, '') FROM simulation_items i "
          "JOIN documents d ON d.id = i.document JOIN classes c ON c.id = d.class WHERE i.simulation = ? ORDER BY i.place");
  q.bind(s.id);
  while (q.step()) {
    if (q.integer(0) != static_cast<std::int64_t>(s.items.size()))
      impl.bad_value("simulation_items", fmt::format("{}, {}", s.id, q.integer(0)), "place", fmt::format("expected {}", s.items.size()));
    s.items.push_back({q.integer(1), q.integer(2) != 0, static_cast<int>(q.integer(3)), static_cast<int>(q.integer(4)), static_cast<int>(q.integer(5)), small(q, 6), small(q, 7), q.optional_integer(8), q.text(9)});
  }
}

std::vector<SimulationRecord> read(Store& store, std::int64_t id) {
  Store::Impl& impl = store.impl();
  return impl.guard([&] {
    std::vector<SimulationRecord> all;
    {
      Query q(impl, fmt::format("SELECT id, run, fingerprint, dataset, protocol, participant, created FROM simulations{} ORDER BY id", id ? " WHERE id = ?" : ""));
      if (id) q.bind(id);
      while (q.step())
        all.push_back({q.integer(0), q.optional_integer(1), q.text(2), q.integer(3), impl.json(q.column(4), "simulations", std::to_string(q.integer(0)), "protocol"), q.text(5), q.text(6), {}});
    }
    for (SimulationRecord& s : all) read_items(impl, s);
    return all;
  });
}

}  // namespace

std::size_t SimulationRecord::answered() const {
  return static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [](const SimulationItem& i) { return i.answer.has_value(); }));
}

std::int64_t add_simulation(Store& store, const SimulationRecord& record) {
  Store::Impl& impl = store.impl();
  return impl.guard([&] {
    Write write(impl);
    std::int64_t id = 0;
    {
      Query q(impl, "INSERT INTO simulations(run, fingerprint, dataset, protocol, participant, created) VALUES(?, ?, ?, ?, ?, ?) RETURNING id");
      q.bind(record.run, record.fingerprint, record.dataset, record.protocol, record.participant, now()).step();
      id = q.integer(0);
      q.run();
    }
    for (std::size_t k = 0; k < record.items.size(); ++k) {
      const SimulationItem& i = record.items[k];
      Query(impl, "INSERT INTO simulation_items(simulation, place, document, explained, predicted, foil) VALUES(?, ?, ?, ?, ?, ?)")
          .bind(id, static_cast<std::int64_t>(k), i.document, i.explained ? 1 : 0, i.predicted, i.foil)
          .run();
    }
    write.commit();
    return id;
  });
}

SimulationRecord simulation(Store& store, std::int64_t id) {
  auto found = id > 0 ? read(store, id) : std::vector<SimulationRecord>();
  if (!found.empty()) return std::move(found.front());
  std::vector<std::int64_t> ids;
  for (const SimulationRecord& s : read(store, 0)) ids.push_back(s.id);
  if (ids.empty()) throw std::invalid_argument(fmt::format("no session {}: the file holds none yet", id));
  throw std::invalid_argument(fmt::format("no session {}; there are: {}", id, fmt::join(ids, ", ")));
}

std::vector<SimulationRecord> simulations(Store& store) { return read(store, 0); }

void answer_simulation(Store& store, std::int64_t id, std::size_t place, int answer, std::optional<int> confidence, std::int64_t milliseconds) {
  const SimulationRecord s = simulation(store, id);
  if (place >= s.items.size()) throw std::invalid_argument(fmt::format("session {}: no post {}, it has {}", id, place + 1, s.items.size()));
  if (s.items[place].answer) throw std::invalid_argument(fmt::format("session {}: post {} is answered already", id, place + 1));
  const std::size_t classes = store.dataset(s.dataset).classes.size();
  if (answer < 0 || static_cast<std::size_t>(answer) >= classes) throw std::invalid_argument(fmt::format("session {}: answer {}: expected a class, 0 to {}", id, answer, classes - 1));
  if (confidence && (*confidence < 1 || *confidence > 5)) throw std::invalid_argument(fmt::format("session {}: confidence {}: expected 1 to 5", id, *confidence));
  if (milliseconds < 0) throw std::invalid_argument(fmt::format("session {}: a time of {} ms", id, milliseconds));
  Store::Impl& impl = store.impl();
  impl.guard([&] {
    Write write(impl);
    Query(impl, "UPDATE simulation_items SET answer = ?, confidence = ?, milliseconds = ?, answered = ? WHERE simulation = ? AND place = ? AND answer IS NULL")
        .bind(answer, confidence ? std::optional<std::int64_t>(*confidence) : std::nullopt, milliseconds, now(), id, static_cast<std::int64_t>(place))
        .run();
    write.commit();
  });
}

void remove_simulation(Store& store, std::int64_t id) {
  simulation(store, id);
  Store::Impl& impl = store.impl();
  impl.guard([&] {
    Write write(impl);
    Query(impl, "DELETE FROM simulations WHERE id = ?").bind(id).run();
    write.commit();
  });
}

}  // namespace telltale
