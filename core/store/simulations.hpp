// Simulatability sessions as the file keeps them: which posts a person is shown, in which condition, and what they answered.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace telltale {

/// One post of a session.
struct SimulationItem {
  std::int64_t document = 0;
  bool explained = false;                ///< shown with its explanation
  int predicted = -1, foil = -1;         ///< what the model answers; foil of the explanation, −1 = none
  int label = -1;                        ///< gold class; read with the post, not kept
  std::optional<int> answer{};           ///< the class that the person thinks the model answers
  std::optional<int> confidence{};       ///< 1 … 5, where it was asked
  std::optional<std::int64_t> milliseconds{};  ///< from the post being there to the answer
  std::string answered{};                ///< UTC
};

struct SimulationRecord {
  std::int64_t id = 0;
  std::optional<std::int64_t> run{};     ///< nothing: the run was removed since
  std::string fingerprint{};
  std::int64_t dataset = 0;
  Json protocol{};                       ///< evaluation/simulation.hpp
  std::string participant{}, created{};
  std::vector<SimulationItem> items{};   ///< in the order shown
  std::size_t answered() const;
  bool finished() const { return answered() == items.size(); }
};

std::int64_t add_simulation(Store& store, const SimulationRecord& record);  ///< id and created are filled in; one transaction
SimulationRecord simulation(Store& store, std::int64_t id);                 ///< std::invalid_argument listing the ids
std::vector<SimulationRecord> simulations(Store& store);                    ///< with their items; by id
/// Written at once. std::invalid_argument: no such place, it is answered already, an answer that is no class, confidence not 1 … 5, a negative time.
void answer_simulation(Store& store, std::int64_t id, std::size_t place, int answer, std::optional<int> confidence, std::int64_t milliseconds);
void remove_simulation(Store& store, std::int64_t id);

}  // namespace telltale
