#include "apps/probe/profile.hpp"

#include <nlohmann/json.hpp>

namespace pliant::probe {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kMicro = 1e6;  // [us/s]

Json estimate_json(const LinkEstimate& link) {
  return {{"alpha_us", link.alpha_s * kMicro},
          {"alpha_low_us", link.alpha_low_s * kMicro},
          {"alpha_high_us", link.alpha_high_s * kMicro},
          {"beta_s_per_byte", link.beta_s_per_byte},
          {"beta_low_s_per_byte", link.beta_low_s_per_byte},
          {"beta_high_s_per_byte", link.beta_high_s_per_byte},
          {"bandwidth_gbps", bandwidth_gbps(link.beta_s_per_byte)},
          {"bandwidth_low_gbps", bandwidth_gbps(link.beta_high_s_per_byte)},
          {"bandwidth_high_gbps", bandwidth_gbps(link.beta_low_s_per_byte)},
          {"samples", link.samples}};
}

Json line_json(const Line& line) {
  return {{"alpha_us", line.alpha_s * kMicro},
          {"beta_s_per_byte", line.beta_s_per_byte},
          {"bandwidth_gbps", bandwidth_gbps(line.beta_s_per_byte)}};
}

Json held_out_json(int sizes, double median, double worst) {
  return {{"sizes", sizes}, {"median_error", median}, {"worst_error", worst}};
}

Json link_json(const LinkFit& link, const std::vector<LinkClass>& classes) {
  Json json{{"rank", link.typical.rank},
            {"peer", link.typical.peer},
            {"class", class_name(link.typical.same_host)}};
  json.update(estimate_json(link.typical));
  json["floor"] = line_json(link.floor);
  json["pieces"] = Json::array();
  for (int i = 0; i < link.piece_count; ++i) {
    const LinkPiece& piece = link.pieces[static_cast<std::size_t>(i)];
    Json piece_json{{"to_bytes", piece.to_bytes}};
    piece_json.update(line_json(piece.line));
    json["pieces"].push_back(piece_json);
  }
  json["rejected"] = link.rejected;
  json["impossible"] = link.impossible;
  json["held_out"] = held_out_json(link.held_out_sizes, link.held_out_median, link.held_out_worst);
  json["remarks"] = remarks_on(link, classes);
  return json;
}

Json class_json(const LinkClass& of) {
  Json json{{"class", class_name(of.same_host)}, {"links", of.links}};
  json.update(estimate_json(of.typical));
  json["floor"] = line_json(of.floor);
  json["rejected"] = of.rejected;
  json["impossible"] = of.impossible;
  json["held_out"] = held_out_json(of.held_out_sizes, of.held_out_median, of.held_out_worst);
  json["contention"] = nullptr;
  if (of.contention.pairs > 1)
    json["contention"] = {
        {"pairs", of.contention.pairs}, {"bytes", of.contention.bytes}, {"factor", of.contention.factor}};
  return json;
}

}  // namespace

std::string json_of(const Network& network) {
  Json json{{"schema", "pliant-probe"},
            {"schema_version", 1},
            {"ranks", network.ranks},
            {"hosts", network.hosts},
            {"links_measured", network.survey.links.size()},
            {"links", Json::array()},
            {"classes", Json::array()},
            {"agreed", nullptr}};
  for (const LinkFit& link : network.survey.links)
    json["links"].push_back(link_json(link, network.survey.classes));
  for (const LinkClass& of : network.survey.classes) json["classes"].push_back(class_json(of));
  if (network.agreed) json["agreed"] = line_json(*network.agreed);
  return json.dump(2) + "\n";
}

}  // namespace pliant::probe
