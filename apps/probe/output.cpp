#include "apps/probe/output.hpp"

#include <array>
#include <cstdio>

namespace pliant::probe {
namespace {

constexpr double kMicro = 1e6;  // [us/s]
constexpr const char* kHead =
    "# a message of m bytes typically takes alpha + m / bandwidth; [low high]: 95 % confidence interval\n"
    "# floor: its quickest tenth; rejected: outliers; held out: error [%] on sizes that no fit has seen\n"
    "#                             alpha [us]                        bandwidth [Gbit/s]            "
    "      floor                samples            held out\n"
    "# src   dst class            typical  [       low       high]    typical  [      low      high]"
    "       alpha bandwidth     kept rejected  median  worst pieces\n";

template <class... Values>
std::string formatted(const char* format, Values... values) {
  std::array<char, 300> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return text.data();
}

std::string row_text(const std::string& who, const LinkEstimate& link, const Line& floor, int rejected) {
  return formatted("%s %-13s %10.2f  [%10.2f %10.2f]  %9.4g  [%9.4g %9.4g]  %10.2f %9.4g  %7d %8d",
                   who.c_str(), class_name(link.same_host), link.alpha_s * kMicro, link.alpha_low_s * kMicro,
                   link.alpha_high_s * kMicro, bandwidth_gbps(link.beta_s_per_byte),
                   bandwidth_gbps(link.beta_high_s_per_byte), bandwidth_gbps(link.beta_low_s_per_byte),
                   floor.alpha_s * kMicro, bandwidth_gbps(floor.beta_s_per_byte), link.samples, rejected);
}

/// Median and worst, in per cent.
std::string held_out_text(int sizes, double median, double worst) {
  return sizes == 0 ? formatted("  %6s %6s", "-", "-")
                    : formatted("  %6.1f %6.1f", 100 * median, 100 * worst);
}

std::string link_text(const LinkFit& link, const std::vector<LinkClass>& classes) {
  std::string text = row_text(formatted("%5d %5d ", link.typical.rank, link.typical.peer), link.typical,
                              link.floor, link.rejected) +
                     held_out_text(link.held_out_sizes, link.held_out_median, link.held_out_worst) +
                     formatted(" %6d", link.piece_count);
  for (const std::string& remark : remarks_on(link, classes)) text += "  # " + remark;
  return text + "\n";
}

/// "rank 0 n1, 1 n2"
std::string hosts_text(const std::vector<std::string>& hosts) {
  std::string text;
  for (std::size_t rank = 0; rank < hosts.size(); ++rank)
    text += (rank == 0 ? "rank " : ", ") + std::to_string(rank) + " " + hosts[rank];
  return text;
}

std::string class_text(const LinkClass& of) {
  std::string text = row_text(formatted("%5d links ", of.links), of.typical, of.floor, of.rejected) +
                     held_out_text(of.held_out_sizes, of.held_out_median, of.held_out_worst);
  if (of.contention.pairs > 1)
    text += formatted("  %.3g times (%d pairs, %.0f bytes)", of.contention.factor, of.contention.pairs,
                      of.contention.bytes);
  return text + "\n";
}

}  // namespace

std::string text_of(const Network& network) {
  if (network.ranks == 1)
    return "# pliant_probe: 1 rank: there is nothing to measure. Start it with mpirun -n 2 or more\n";
  const Survey& survey = network.survey;
  std::string text = "# pliant_probe: " + std::to_string(network.ranks) + " ranks, " +
                     std::to_string(survey.links.size()) + " links measured\n";
  if (!network.hosts.empty()) text += "# hosts: " + hosts_text(network.hosts) + "\n";
  text += kHead;
  for (const LinkFit& link : survey.links) text += link_text(link, survey.classes);
  text += "# classes: medians over their links; how much slower messages are with all pairs at once\n";
  for (const LinkClass& of : survey.classes) text += class_text(of);
  if (!network.agreed) return text;
  return text + "# agreed by all ranks, what algorithms are chosen by: the slowest rank's median link\n" +
         formatted("agreed       alpha_us %.2f  bandwidth_gbps %.4g\n", network.agreed->alpha_s * kMicro,
                   bandwidth_gbps(network.agreed->beta_s_per_byte));
}

}  // namespace pliant::probe
