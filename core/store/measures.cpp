// What measures say of explanations, post by post, and which evaluations were asked for.
#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <stdexcept>

#include "store/connection.hpp"

namespace telltale {
namespace {

/// The points of a curve as little-endian float32, whatever the machine.
std::vector<unsigned char> pack(const std::vector<float>& curve) {
  std::vector<unsigned char> out;
  out.reserve(curve.size() * 4);
  for (const float v : curve)
    for (unsigned b = 0; b < 4; ++b)
      out.push_back(static_cast<unsigned char>(std::bit_cast<std::uint32_t>(v) >> (8 * b)));
  return out;
}

std::optional<std::int64_t> find(Store::Impl& impl, const std::string& fingerprint, const std::string& protocol) {
  Query q(
      impl,
      "SELECT m.id FROM measures m JOIN protocols p ON p.id = m.protocol WHERE m.fingerprint = ? AND p.protocol = ?");
  if (!q.bind(fingerprint, protocol).step()) return std::nullopt;
  return q.integer(0);
}

std::int64_t protocol_id(Store::Impl& impl, const std::string& protocol) {
  Query(impl, "INSERT OR IGNORE INTO protocols(protocol) VALUES(?)").bind(protocol).run();
  Query q(impl, "SELECT id FROM protocols WHERE protocol = ?");
  q.bind(protocol).step();
  return q.integer(0);
}

}  // namespace

std::optional<std::int64_t> Store::find_measure(const std::string& fingerprint, const Json& protocol) {
  return impl_->guard([&] { return find(*impl_, fingerprint, dump(protocol)); });
}

std::int64_t Store::add_measure(const std::string& fingerprint, const Json& protocol) {
  return impl_->guard([&] {
    const std::string text = dump(protocol);
    if (const auto known = find(*impl_, fingerprint, text)) return *known;
    Write write(*impl_);
    Query(*impl_, "INSERT OR IGNORE INTO measures(fingerprint, protocol) VALUES(?, ?)")
        .bind(fingerprint, protocol_id(*impl_, text))
        .run();
    const std::int64_t id = find(*impl_, fingerprint, text).value();
    write.commit();
    return id;
  });
}

void Store::add_measure_values(const std::vector<MeasureValue>& values) {
  impl_->guard([&] {
    Write write(*impl_);
    for (const MeasureValue& v : values) {
      Query q(*impl_, v.curve.empty() ? "INSERT OR REPLACE INTO measure_values(measure, document, target, foil, "
                                        "predicted, value) VALUES(?, ?, ?, ?, ?, ?)"
                                      : "INSERT OR REPLACE INTO measure_values(measure, document, target, foil, "
                                        "predicted, value, curve) VALUES(?, ?, ?, ?, ?, ?, ?)");
      q.bind(v.measure, v.document, v.target, v.foil, v.predicted, v.value);
      if (!v.curve.empty()) q.bind(pack(v.curve));
      q.run();
    }
    write.commit();
  });
}

std::vector<MeasureValue> Store::measure_values(std::int64_t measure, bool curves) {
  return impl_->guard([&] {
    Query q(*impl_, curves ? "SELECT document, target, foil, predicted, value, curve FROM measure_values WHERE measure "
                             "= ? ORDER BY document"
                           : "SELECT document, target, foil, predicted, value FROM measure_values WHERE measure = ? "
                             "ORDER BY document");
    q.bind(measure);
    std::vector<MeasureValue> all;
    while (q.step()) {
      MeasureValue v{measure, q.integer(0), q.small(1), q.small(2), q.small(3), q.real(4),
                     {}};
      if (curves) {
        const SQLite::Column c = q.column(5);
        const auto size = static_cast<std::size_t>(c.getBytes());
        if (size % 4 != 0)
          impl_->bad_value("measure_values", fmt::format("{}, {}", measure, v.document), "curve",
                           fmt::format("{} bytes, expected a multiple of 4", size));
        const auto* bytes = static_cast<const unsigned char*>(c.getBlob());
        for (std::size_t i = 0; i < size; i += 4)
          v.curve.push_back(std::bit_cast<float>(
              static_cast<std::uint32_t>(bytes[i]) | static_cast<std::uint32_t>(bytes[i + 1]) << 8 |
              static_cast<std::uint32_t>(bytes[i + 2]) << 16 | static_cast<std::uint32_t>(bytes[i + 3]) << 24));
      }
      all.push_back(std::move(v));
    }
    return all;
  });
}

void Store::set_measure_result(std::int64_t measure, const Json& result) {
  impl_->guard([&] {
    Write write(*impl_);
    Query(*impl_, "UPDATE measures SET result = ? WHERE id = ?").bind(result, measure).run();
    write.commit();
  });
}

std::optional<Json> Store::measure_result(std::int64_t measure) {
  return impl_->guard([&]() -> std::optional<Json> {
    Query q(*impl_, "SELECT result FROM measures WHERE id = ? AND result IS NOT NULL");
    if (!q.bind(measure).step()) return std::nullopt;
    return impl_->json(q.column(0), "measures", std::to_string(measure), "result");
  });
}

std::int64_t Store::add_evaluation(const std::string& fingerprint, const Json& protocol) {
  return impl_->guard([&] {
    Write write(*impl_);
    std::int64_t id = 0;
    {
      Query q(*impl_,
              "INSERT INTO evaluations(fingerprint, protocol, created) VALUES(?, ?, ?) ON CONFLICT(fingerprint, "
              "protocol) DO UPDATE SET created = excluded.created RETURNING id");
      q.bind(fingerprint, protocol_id(*impl_, dump(protocol)), now()).step();
      id = q.integer(0);
      q.run();
    }
    write.commit();
    return id;
  });
}

std::vector<EvaluationRecord> Store::evaluations(const std::string& fingerprint) {
  return impl_->guard([&] {
    Query q(*impl_, fmt::format("SELECT e.id, e.fingerprint, p.protocol, e.created FROM evaluations e JOIN protocols p "
                                "ON p.id = e.protocol{} ORDER BY e.id",
                                fingerprint.empty() ? "" : " WHERE e.fingerprint = ?"));
    if (!fingerprint.empty()) q.bind(fingerprint);
    std::vector<EvaluationRecord> all;
    while (q.step())
      all.push_back({q.integer(0), q.text(1),
                     impl_->json(q.column(2), "evaluations", std::to_string(q.integer(0)), "protocol"), q.text(3)});
    return all;
  });
}

}  // namespace telltale
