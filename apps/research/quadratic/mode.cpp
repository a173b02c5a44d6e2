#include "apps/research/quadratic/mode.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>

#include "apps/research/quadratic/estimate.hpp"
#include "compress/topk.hpp"
#include "core/error.hpp"
#include "planner/density/layers.hpp"

namespace pliant::quadratic {
namespace {

using Counts = std::vector<std::int64_t>;

std::int64_t sum(const Counts& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
}

/// Bounds for a mode's choice, derived from an offer.
struct Scratch {
  Counts floor;       ///< [layers]
  Counts length;      ///< [layers]
  std::int64_t free;  ///< elements that fit beyond the floor; < 0 if the floor itself does not fit
  bool whole;         ///< all elements fit
};

Scratch room_of(const Offer& offer) {
  Scratch room{.floor = floor_of(offer), .length = {}, .free = 0, .whole = false};
  for (std::size_t l = 0; l < room.floor.size(); ++l)
    room.length.push_back(offer.layer_begins[l + 1] - offer.layer_begins[l]);
  const std::int64_t count = offer.layer_begins.back();
  const std::int64_t fits = elements_within(offer.budget_bytes, count);
  room.whole = fits == count;
  room.free = fits - sum(room.floor);
  return room;
}

/// Magnitudes of a layer's changes, largest first.
std::vector<float> sorted_magnitudes(const Offer& offer, std::size_t layer) {
  const auto begin = static_cast<std::size_t>(offer.layer_begins[layer]);
  const auto end = static_cast<std::size_t>(offer.layer_begins[layer + 1]);
  std::vector<float> magnitudes;
  for (const float change : offer.change.subspan(begin, end - begin)) magnitudes.push_back(std::fabs(change));
  std::ranges::sort(magnitudes, std::greater<>());
  return magnitudes;
}

/// Above the floor, all layers have the same density.
Counts uniform(const Offer& offer) {
  Scratch room = room_of(offer);
  if (room.whole) return room.length;
  if (room.free <= 0) return room.floor;
  const double open = static_cast<double>(sum(room.length) - sum(room.floor));
  const double share = std::min(1.0, static_cast<double>(room.free) / open);
  for (std::size_t l = 0; l < room.floor.size(); ++l)
    room.floor[l] += static_cast<std::int64_t>(share * static_cast<double>(room.length[l] - room.floor[l]));
  return room.floor;
}

/// Above the floor, all layers have the same threshold, which gives the least squared error.
Counts threshold(const Offer& offer) {
  Scratch room = room_of(offer);
  if (room.whole) return room.length;
  if (room.free <= 0) return room.floor;
  std::vector<std::pair<float, std::size_t>> open;
  for (std::size_t l = 0; l < room.floor.size(); ++l) {
    const std::vector<float> magnitudes = sorted_magnitudes(offer, l);
    for (auto i = static_cast<std::size_t>(room.floor[l]); i < magnitudes.size(); ++i)
      open.emplace_back(magnitudes[i], l);
  }
  const auto last = open.begin() + std::min(room.free, static_cast<std::int64_t>(open.size()));
  std::nth_element(open.begin(), last, open.end(), std::greater<>());
  for (auto taken = open.begin(); taken != last; ++taken) ++room.floor[taken->second];
  return room.floor;
}

/// Candidate densities of a layer, two per octave, from the floor to 1.
std::vector<LayerOption> options_of(const Offer& offer, std::size_t layer, std::int64_t floor) {
  constexpr double kPerOctave = 2;
  const std::vector<float> magnitudes = sorted_magnitudes(offer, layer);
  const auto length = static_cast<std::int64_t>(magnitudes.size());
  Counts wanted;
  for (double kept = static_cast<double>(length); kept > static_cast<double>(floor);
       kept *= std::exp2(-1 / kPerOctave))
    wanted.push_back(static_cast<std::int64_t>(kept));
  wanted.push_back(floor);
  std::ranges::reverse(wanted);
  std::vector<LayerOption> options;
  double left = 0;
  std::int64_t below = length;
  for (auto kept = wanted.rbegin(); kept != wanted.rend(); ++kept) {
    for (; below > *kept; --below) {
      const double magnitude = magnitudes[static_cast<std::size_t>(below - 1)];
      left += magnitude * magnitude;
    }
    options.push_back(
        {.kept = *kept, .bytes = static_cast<double>(*kept * kElementBytes), .squared_error = left});
  }
  return options;
}

/// Kimad+: dynamic programming over a grid of densities. Rounding up to units loses at most 1 / kUnitsALayer
/// of the budget. For comparison, the paper uses 1,000 units for some 60 layers.
constexpr int kUnitsALayer = 64;
Counts programme(const Offer& offer) {
  Scratch room = room_of(offer);
  if (room.whole) return room.length;
  std::vector<std::vector<LayerOption>> layers;
  for (std::size_t l = 0; l < room.floor.size(); ++l) layers.push_back(options_of(offer, l, room.floor[l]));
  const LayerChoice choice = choose_layers(layers, offer.budget_bytes - kHeaderBytes,
                                           kUnitsALayer * static_cast<int>(layers.size()));
  for (std::size_t l = 0; l < layers.size(); ++l) room.floor[l] = layers[l][choice.chosen[l]].kept;
  return room.floor;
}

constinit const Mode ef21{.name = "ef21",
                          .summary = "EF21: one density for all layers and rounds",
                          .adaptive = false,
                          .choose = uniform};
constinit const Mode ef21_threshold{
    .name = "ef21_threshold",
    .summary = "EF21: as many elements in each round, the largest of all layers",
    .adaptive = false,
    .choose = threshold};
constinit const Mode kimad{
    .name = "kimad",
    .summary = "Kimad: one density for all layers, as large as fits into the round's time",
    .adaptive = true,
    .choose = uniform};
constinit const Mode kimad_plus{
    .name = "kimad+",
    .summary = "Kimad+: densities of least squared error that fit, by dynamic programme",
    .adaptive = true,
    .choose = programme};
constinit const Mode kimad_threshold{.name = "kimad_threshold",
                                     .summary = "Kimad's budget, the largest elements of all layers",
                                     .adaptive = true,
                                     .choose = threshold};
constexpr std::array<const Mode*, 5> kModes = {&ef21, &ef21_threshold, &kimad, &kimad_plus, &kimad_threshold};

}  // namespace

std::span<const Mode* const> modes() {
  return kModes;
}

const Mode& find_mode(std::string_view name) {
  const auto found = std::ranges::find(kModes, name, [](const Mode* mode) { return mode->name; });
  if (found != kModes.end()) return **found;
  std::string names;
  for (const Mode* mode : kModes) names.append(names.empty() ? "" : ", ").append(mode->name);
  throw Error(ErrorClass::argument, quoted("--modes", name), "must be among " + names, "Correct it");
}

std::vector<std::int64_t> floor_of(const Offer& offer) {
  Counts floor;
  for (std::size_t l = 0; l + 1 < offer.layer_begins.size(); ++l) {
    const auto length = static_cast<double>(offer.layer_begins[l + 1] - offer.layer_begins[l]);
    floor.push_back(
        std::max<std::int64_t>(1, static_cast<std::int64_t>(std::ceil(offer.least_density * length))));
  }
  return floor;
}

}  // namespace pliant::quadratic
