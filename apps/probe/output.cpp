#include "apps/probe/output.hpp"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace pliant::probe {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMicro = 1e6;  // [us/s]

/// Alpha, bandwidth, their intervals, and samples: columns common to links and classes.
std::string numbers_text(const Pliant_Link& link) {
  std::array<char, 200> row{};
  std::snprintf(row.data(), row.size(), "%10.2f  [%10.2f %10.2f]  %10.4g  [%10.4g %10.4g]  %7d\n",
                link.alpha_s * kMicro, link.alpha_low_s * kMicro, link.alpha_high_s * kMicro,
                bandwidth_gbps(link.beta_s_per_byte), bandwidth_gbps(link.beta_high_s_per_byte),
                bandwidth_gbps(link.beta_low_s_per_byte), link.samples);
  return row.data();
}

std::string row_text(int first, int second, const char* name, const std::string& rest) {
  std::array<char, 80> row{};
  if (second >= 0) {
    std::snprintf(row.data(), row.size(), "%5d %5d  %-13s ", first, second, name);
  } else {
    std::snprintf(row.data(), row.size(), "%5d links  %-13s ", first, name);
  }
  return row.data() + rest;
}

void add_numbers(Json& object, const Pliant_Link& link) {
  object["alpha_us"] = link.alpha_s * kMicro;
  object["alpha_low_us"] = link.alpha_low_s * kMicro;
  object["alpha_high_us"] = link.alpha_high_s * kMicro;
  object["beta_s_per_byte"] = link.beta_s_per_byte;
  object["beta_low_s_per_byte"] = link.beta_low_s_per_byte;
  object["beta_high_s_per_byte"] = link.beta_high_s_per_byte;
  object["bandwidth_gbps"] = bandwidth_gbps(link.beta_s_per_byte);
  object["bandwidth_low_gbps"] = bandwidth_gbps(link.beta_high_s_per_byte);
  object["bandwidth_high_gbps"] = bandwidth_gbps(link.beta_low_s_per_byte);
  object["samples"] = link.samples;
}

}  // namespace

std::string text_of(const Network& network) {
  if (network.ranks == 1)
    return "# pliant_probe: 1 rank: there is nothing to measure. Start it with mpirun -n 2 or more\n";
  std::string text =
      "# pliant_probe: " + std::to_string(network.ranks) + " ranks, " +
      std::to_string(network.links_measured) + " links measured, " + std::to_string(network.links.size()) +
      " listed\n"
      "# a message of m bytes takes alpha + m / bandwidth; [low high] is the 95 % confidence interval\n"
      "#                                  us                             Gbit/s\n"
      "# src   dst  class              alpha  [       low       high]   bandwidth  [       low       high]"
      "  samples\n";
  for (const Pliant_Link& link : network.links)
    text += row_text(link.rank, link.peer, class_name(link), numbers_text(link));
  text += "# classes: medians over their links\n";
  for (const LinkClass& links : classes_of(network.links))
    text += row_text(links.links, -1, links.name, numbers_text(links.median));
  std::array<char, 120> agreed{};
  std::snprintf(agreed.data(), agreed.size(), "agreed       alpha_us %.2f  bandwidth_gbps %.4g\n",
                network.alpha_s * kMicro, bandwidth_gbps(network.beta_s_per_byte));
  return text + "# agreed by all ranks, what algorithms are chosen by: the slowest rank's median link\n" +
         agreed.data();
}

std::string json_of(const Network& network) {
  Json object;
  object["ranks"] = network.ranks;
  object["links_measured"] = network.links_measured;
  object["links"] = Json::array();
  for (const Pliant_Link& link : network.links) {
    Json row{{"rank", link.rank}, {"peer", link.peer}, {"class", class_name(link)}};
    add_numbers(row, link);
    object["links"].push_back(row);
  }
  object["classes"] = Json::array();
  for (const LinkClass& links : classes_of(network.links)) {
    Json row{{"class", links.name}, {"links", links.links}};
    add_numbers(row, links.median);
    object["classes"].push_back(row);
  }
  object["agreed"] = nullptr;
  if (network.ranks > 1)
    object["agreed"] = {{"alpha_us", network.alpha_s * kMicro},
                        {"beta_s_per_byte", network.beta_s_per_byte},
                        {"bandwidth_gbps", bandwidth_gbps(network.beta_s_per_byte)}};
  return object.dump(2) + "\n";
}

}  // namespace pliant::probe
