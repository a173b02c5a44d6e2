// Reads a profile, written by json_of() or by anybody else.
#include <algorithm>
#include <cmath>
#include <istream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "apps/probe/profile.hpp"
#include "core/error.hpp"

namespace pliant::probe {
namespace {

using Json = nlohmann::json;

constexpr double kMicro = 1e6;                // [us/s]
constexpr std::size_t kMostBytes = 64 << 20;  // 1,000 ranks' links take 20 MB
constexpr std::size_t kMostQuoted = 60;       // of a bad value in a message
constexpr std::int64_t kMostRanks = 1 << 20;
constexpr std::int64_t kMostSamples = 1 << 30;
constexpr double kMostSeconds = 1e9;

/// A value of the file, with its path for messages.
class Value {
 public:
  /// The whole file; every message includes its name.
  Value(const Json& json, const std::string& file) : json_(&json), prefix_("profile " + file + ": ") {}

  [[noreturn]] void refuse(const std::string& rule) const {
    std::string text = json_->dump();
    if (text.size() > kMostQuoted) text = text.substr(0, kMostQuoted) + "...";
    throw Error(ErrorClass::io, prefix_ + (path_.empty() ? "the file" : path_) + " = " + text, rule,
                "Write it anew with pliant_probe --save");
  }

  Value at(const char* key) const {
    if (!json_->is_object()) refuse("must be an object");
    const auto found = json_->find(key);
    if (found == json_->end()) refuse(std::string("must have a member \"") + key + "\"");
    return {*this, *found, (path_.empty() ? "" : ".") + std::string(key)};
  }
  std::vector<Value> elements() const {
    if (!json_->is_array()) refuse("must be an array");
    std::vector<Value> values;
    for (std::size_t i = 0; i < json_->size(); ++i)
      values.push_back({*this, (*json_)[i], "[" + std::to_string(i) + "]"});
    return values;
  }
  bool has(const char* key) const { return json_->is_object() && json_->contains(key); }
  bool is_null() const { return json_->is_null(); }
  std::int64_t whole(std::int64_t least, std::int64_t most) const {
    const bool is_whole =
        json_->is_number_integer() &&
        !(json_->is_number_unsigned() &&
          json_->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()));
    const std::int64_t value = is_whole ? json_->get<std::int64_t>() : 0;
    if (!is_whole || value < least || value > most)
      refuse("must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return value;
  }
  /// A number in [0, most].
  double number(double most = std::numeric_limits<double>::max()) const {
    const double value = json_->is_number() ? json_->get<double>() : -1;
    if (!(value >= 0 && value <= most)) refuse("must be a number >= 0, of a size that can be");
    return value;
  }
  std::string text() const { return json_->is_string() ? json_->get<std::string>() : ""; }

 private:
  Value(const Value& parent, const Json& json, const std::string& step)
      : json_(&json), prefix_(parent.prefix_), path_(parent.path_ + step) {}

  const Json* json_;
  std::string prefix_;
  std::string path_;  // empty: the whole file
};

double seconds(const Value& of, const char* key, double unit) {
  return of.at(key).number(kMostSeconds * unit) / unit;
}

/// Names are printed as they are, so they must not have control characters.
bool is_host_name(const std::string& text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c != 0x7f; });
}

bool read_class(const Value& name) {
  for (const bool same_host : {true, false})
    if (name.text() == class_name(same_host)) return same_host;
  name.refuse("must be \"same-host\" or \"between-hosts\"");
}

void read_estimate(const Value& value, LinkEstimate& link) {
  link.alpha_s = seconds(value, "alpha_us", kMicro);
  link.alpha_low_s = seconds(value, "alpha_low_us", kMicro);
  link.alpha_high_s = seconds(value, "alpha_high_us", kMicro);
  link.beta_s_per_byte = seconds(value, "beta_s_per_byte", 1);
  link.beta_low_s_per_byte = seconds(value, "beta_low_s_per_byte", 1);
  link.beta_high_s_per_byte = seconds(value, "beta_high_s_per_byte", 1);
  link.samples = static_cast<int>(value.at("samples").whole(0, kMostSamples));
  if (link.alpha_s < link.alpha_low_s || link.alpha_s > link.alpha_high_s)
    value.at("alpha_us").refuse("must lie between alpha_low_us and alpha_high_us");
  if (link.beta_s_per_byte < link.beta_low_s_per_byte || link.beta_s_per_byte > link.beta_high_s_per_byte)
    value.at("beta_s_per_byte").refuse("must lie between beta_low_s_per_byte and beta_high_s_per_byte");
}

Line read_line(const Value& value) {
  return {seconds(value, "alpha_us", kMicro), seconds(value, "beta_s_per_byte", 1)};
}

void read_pieces(const Value& value, LinkFit& link) {
  double from_bytes = 0;
  for (const Value& piece : value.elements()) {
    if (link.piece_count == LinkFit::kMostPieces)
      value.refuse("must have at most " + std::to_string(LinkFit::kMostPieces) + " elements");
    const double to_bytes = piece.at("to_bytes").number();
    if (to_bytes <= from_bytes) piece.at("to_bytes").refuse("must be larger than that of the piece before");
    link.pieces[static_cast<std::size_t>(link.piece_count++)] = {to_bytes, read_line(piece)};
    from_bytes = to_bytes;
  }
}

LinkFit read_link(const Value& value, int ranks) {
  LinkFit link;
  link.typical.rank = static_cast<int>(value.at("rank").whole(0, ranks - 1));
  link.typical.peer = static_cast<int>(value.at("peer").whole(0, ranks - 1));
  if (link.typical.peer <= link.typical.rank) value.at("peer").refuse("must be above rank");
  link.typical.same_host = read_class(value.at("class"));
  read_estimate(value, link.typical);
  link.floor = read_line(value.at("floor"));
  read_pieces(value.at("pieces"), link);
  link.rejected = static_cast<int>(value.at("rejected").whole(0, kMostSamples));
  link.impossible = static_cast<int>(value.at("impossible").whole(0, kMostSamples));
  const Value held_out = value.at("held_out");
  link.held_out_sizes = static_cast<int>(held_out.at("sizes").whole(0, kMostSamples));
  link.held_out_median = held_out.at("median_error").number();
  link.held_out_worst = held_out.at("worst_error").number();
  return link;
}

Contention read_contention(const Value& value, int ranks) {
  if (value.is_null()) return {};
  Contention found;
  found.pairs = static_cast<int>(value.at("pairs").whole(2, std::max(2, ranks / 2)));
  found.bytes = value.at("bytes").number();
  found.factor = value.at("factor").number();
  if (found.factor <= 0) value.at("factor").refuse("must be a number > 0");
  return found;
}

Survey read_survey(const Value& file, int ranks) {
  Survey survey;
  std::set<std::pair<int, int>> seen;
  for (const Value& value : file.at("links").elements()) {
    survey.links.push_back(read_link(value, ranks));
    const LinkEstimate& link = survey.links.back().typical;
    if (!seen.insert({link.rank, link.peer}).second) value.refuse("must be the only link of its two ranks");
  }
  survey.classes = classes_of(survey.links);
  for (const Value& value : file.at("classes").elements()) {
    const bool same_host = read_class(value.at("class"));
    for (LinkClass& of : survey.classes)
      if (of.same_host == same_host) of.contention = read_contention(value.at("contention"), ranks);
  }
  return survey;
}

/// [rank]; empty for a profile without names.
std::vector<std::string> read_hosts(const Value& file, int ranks) {
  std::vector<std::string> hosts;
  if (!file.has("hosts")) return hosts;
  const Value value = file.at("hosts");
  for (const Value& name : value.elements()) {
    hosts.push_back(name.text());
    if (!is_host_name(hosts.back())) name.refuse("must be a host's name");
  }
  if (!hosts.empty() && static_cast<int>(hosts.size()) != ranks)
    value.refuse("must have a name for every rank, or none");
  return hosts;
}

Json parsed(std::istream& file, const std::string& name) {
  std::string text(kMostBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMostBytes)
    throw Error(ErrorClass::io, "profile " + name + " is longer than 64 MiB", "the probe writes none so long",
                "Give a file that pliant_probe --save wrote");
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    throw Error(ErrorClass::io, "profile " + name + " is no JSON: " + error.what(),
                "it must be a file that pliant_probe --save wrote", "Give such a file");
  }
}

}  // namespace

Network network_of(std::istream& stream, const std::string& name) {
  const Json json = parsed(stream, name);
  const Value file(json, name);
  if (const Value schema = file.at("schema"); schema.text() != "pliant-probe")
    schema.refuse("must be \"pliant-probe\"");
  file.at("schema_version").whole(1, 1);
  Network network;
  network.ranks = static_cast<int>(file.at("ranks").whole(1, kMostRanks));
  network.hosts = read_hosts(file, network.ranks);
  network.survey = read_survey(file, network.ranks);
  if (const Value agreed = file.at("agreed"); !agreed.is_null()) network.agreed = read_line(agreed);
  return network;
}

}  // namespace pliant::probe
