// Profiles: written, read back, and refused if the probe cannot have written them.
#include "apps/probe/profile.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <ostream>
#include <sstream>
#include <string>

#include "tests/support/errors.hpp"

namespace pliant::probe {
namespace {

using Json = nlohmann::json;

LinkFit some_link(int rank, int peer, bool same_host) {
  LinkFit link;
  link.typical = {.rank = rank,
                  .peer = peer,
                  .same_host = same_host,
                  .alpha_s = 1.1e-3,
                  .alpha_low_s = 1e-3,
                  .alpha_high_s = 1.3e-3,
                  .beta_s_per_byte = 8.3e-8,
                  .beta_low_s_per_byte = 8e-8,
                  .beta_high_s_per_byte = 9e-8,
                  .samples = 70};
  link.floor = {1e-3, 7.9e-8};
  link.pieces = {{{5e4, {1e-3, 8e-8}}, {1e6, {2e-3, 9e-8}}}};
  link.piece_count = 2;
  link.rejected = 3;
  link.impossible = 1;
  link.held_out_sizes = 2;
  link.held_out_median = 0.02;
  link.held_out_worst = 0.05;
  return link;
}

Network some_network() {
  Network network;
  network.ranks = 4;
  network.hosts = {"n1", "n1", "n2", "n3"};
  network.survey.links = {some_link(0, 1, true), some_link(0, 2, false), some_link(1, 3, false)};
  network.survey.classes = classes_of(network.survey.links);
  network.survey.classes[1].contention = {2, 65536, 1.75};
  network.agreed = Line{1.2e-3, 8.5e-8};
  return network;
}

Network read(const std::string& text) {
  std::istringstream file(text);
  return network_of(file, "p.json");
}

TEST(Profile, HoldsWhatWasMeasured) {
  const Network network = read(json_of(some_network()));
  EXPECT_EQ(network.ranks, 4);
  EXPECT_EQ(network.hosts, (std::vector<std::string>{"n1", "n1", "n2", "n3"}));
  ASSERT_EQ(network.survey.links.size(), 3U);
  const LinkFit& link = network.survey.links[1];
  const LinkFit expected = some_link(0, 2, false);
  EXPECT_EQ(link.typical.rank, 0);
  EXPECT_EQ(link.typical.peer, 2);
  EXPECT_FALSE(link.typical.same_host);
  EXPECT_TRUE(network.survey.links[0].typical.same_host);
  EXPECT_DOUBLE_EQ(link.typical.alpha_s, expected.typical.alpha_s);
  EXPECT_DOUBLE_EQ(link.typical.alpha_low_s, expected.typical.alpha_low_s);
  EXPECT_DOUBLE_EQ(link.typical.alpha_high_s, expected.typical.alpha_high_s);
  EXPECT_EQ(link.typical.beta_s_per_byte, expected.typical.beta_s_per_byte);
  EXPECT_EQ(link.typical.beta_low_s_per_byte, expected.typical.beta_low_s_per_byte);
  EXPECT_EQ(link.typical.beta_high_s_per_byte, expected.typical.beta_high_s_per_byte);
  EXPECT_EQ(link.typical.samples, 70);
  EXPECT_DOUBLE_EQ(link.floor.alpha_s, 1e-3);
  EXPECT_EQ(link.floor.beta_s_per_byte, 7.9e-8);
  EXPECT_EQ(link.piece_count, 2);
  EXPECT_DOUBLE_EQ(predict_s(link, 1e6), 2e-3 + 0.09);
  EXPECT_EQ(link.rejected, 3);
  EXPECT_EQ(link.impossible, 1);
  EXPECT_EQ(link.held_out_sizes, 2);
  EXPECT_EQ(link.held_out_median, 0.02);
  EXPECT_EQ(link.held_out_worst, 0.05);
  ASSERT_EQ(network.survey.classes.size(), 2U);
  EXPECT_EQ(network.survey.classes[0].contention.pairs, 0);
  EXPECT_EQ(network.survey.classes[1].contention.factor, 1.75);
  EXPECT_EQ(network.survey.classes[1].links, 2);
  EXPECT_DOUBLE_EQ(network.agreed->alpha_s, 1.2e-3);
}

TEST(Profile, OfOneRankHasNoLinks) {
  const Network network = read(json_of(Network{}));
  EXPECT_EQ(network.ranks, 1);
  EXPECT_TRUE(network.survey.links.empty());
  EXPECT_FALSE(network.agreed);
}

TEST(Profile, MayHaveNoNamesOfHosts) {
  Json json = Json::parse(json_of(some_network()));
  json.erase("hosts");
  EXPECT_TRUE(read(json.dump()).hosts.empty());
}

TEST(Profile, OfALinkThatGaveNoTimesIsSoundJson) {
  Network network = some_network();
  network.survey.links[0] = LinkFit{};
  network.survey.links[0].typical.peer = 1;
  network.survey.links[0].typical.same_host = true;
  network.survey.links[0].impossible = 9;
  network.survey.classes = classes_of(network.survey.links);
  const std::string text = json_of(network);
  EXPECT_TRUE(Json::parse(text)["links"][0]["bandwidth_gbps"].is_null());
  EXPECT_EQ(Json::parse(text)["links"][0]["remarks"][1], "not measured");
  EXPECT_EQ(read(text).survey.links[0].typical.samples, 0);
}

TEST(Remarks, TellASlowLinkAndASteppedClock) {
  Network network = some_network();
  std::vector<LinkFit>& links = network.survey.links;
  links.push_back(some_link(0, 3, false));
  links.push_back(some_link(1, 2, false));
  for (const auto member : {&LinkEstimate::alpha_s, &LinkEstimate::beta_s_per_byte,
                            &LinkEstimate::alpha_high_s, &LinkEstimate::beta_high_s_per_byte})
    links[2].typical.*member *= 100;
  links[2].impossible = 0;
  links[3].typical.beta_low_s_per_byte = 0;
  network.survey.classes = classes_of(links);
  const auto remarks = [&](std::size_t i) { return remarks_on(links[i], network.survey.classes); };
  EXPECT_EQ(remarks(0), std::vector<std::string>{"clock stepped: 1 times left out"});
  EXPECT_EQ(remarks(2), std::vector<std::string>{"slow: 100 times its class's median link"});
  EXPECT_EQ(remarks(3).size(), 2U);
}

struct Damage {
  const char* expected;  ///< the message after "profile p.json: "
  std::function<void(Json&)> act;
};

std::ostream& operator<<(std::ostream& out, const Damage& damage) {
  return out << damage.expected;
}

class DamagedProfile : public testing::TestWithParam<Damage> {};

TEST_P(DamagedProfile, IsRefusedWithTheValueAndTheRule) {
  Json json = Json::parse(json_of(some_network()));
  GetParam().act(json);
  const std::string text = test::error_text(ErrorClass::io, [&] { read(json.dump()); });
  const std::string expected = std::string("profile p.json: ") + GetParam().expected;
  EXPECT_EQ(text.substr(0, expected.size()), expected);
  EXPECT_NE(text.find(". Write it anew"), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Ways, DamagedProfile,
    testing::Values(
        Damage{"the file = [] (must be an object)", [](Json& json) { json = Json::array(); }},
        Damage{"the file = {} (must have a member \"schema\")", [](Json& json) { json = Json::object(); }},
        Damage{"hosts[1] = \"a b\" (must be a host's name)", [](Json& json) { json["hosts"][1] = "a b"; }},
        Damage{"hosts = [\"n1\"] (must have a name for every rank, or none)",
               [](Json& json) { json["hosts"] = Json::array({"n1"}); }},
        Damage{"schema = \"other\" (must be \"pliant-probe\")", [](Json& json) { json["schema"] = "other"; }},
        Damage{"schema_version = 2 (must be a whole number from 1 to 1)",
               [](Json& json) { json["schema_version"] = 2; }},
        Damage{"ranks = 0 (must be a whole", [](Json& json) { json["ranks"] = 0; }},
        Damage{"ranks = 4.5 (must be a whole", [](Json& json) { json["ranks"] = 4.5; }},
        Damage{"ranks = 18446744073709551615 (must be a whole", [](Json& json) { json["ranks"] = ~0ULL; }},
        Damage{"links = {} (must be an array)", [](Json& json) { json["links"] = Json::object(); }},
        Damage{"links[0] = 7 (must be an object)", [](Json& json) { json["links"][0] = 7; }},
        Damage{"links[1].peer = 4 (must be a whole number from 0 to 3)",
               [](Json& json) { json["links"][1]["peer"] = 4; }},
        Damage{"links[1].peer = 0 (must be above rank)", [](Json& json) { json["links"][1]["peer"] = 0; }},
        Damage{"links[2].class = \"far\" (must be \"same-host\" or",
               [](Json& json) { json["links"][2]["class"] = "far"; }},
        Damage{"links[2].class = 5 (must be \"same-host\" or",
               [](Json& json) { json["links"][2]["class"] = 5; }},
        Damage{"links[0].alpha_us = -4 (must be a number >= 0",
               [](Json& json) { json["links"][0]["alpha_us"] = -4; }},
        Damage{"links[0].alpha_us = null (must be a number",
               [](Json& json) { json["links"][0]["alpha_us"] = nullptr; }},
        Damage{"links[0].alpha_us = \"1\" (must be a number",
               [](Json& json) { json["links"][0]["alpha_us"] = "1"; }},
        Damage{"links[0].alpha_us = 1e+99 (must be a number",
               [](Json& json) { json["links"][0]["alpha_us"] = 1e99; }},
        Damage{"links[0].alpha_us = 5000.0 (must lie between alpha_low_us and alpha_high_us)",
               [](Json& json) { json["links"][0]["alpha_us"] = 5000.0; }},
        Damage{"links[0].beta_s_per_byte = 0.0 (must lie between",
               [](Json& json) { json["links"][0]["beta_s_per_byte"] = 0.0; }},
        Damage{"links[0].samples = -1 (must be a whole",
               [](Json& json) { json["links"][0]["samples"] = -1; }},
        Damage{"links[0].pieces[1].to_bytes = 50000.0 (must be larger than that of the piece before)",
               [](Json& json) { json["links"][0]["pieces"][1]["to_bytes"] = 50000.0; }},
        Damage{"links[0].pieces = [",
               [](Json& json) {
                 for (int i = 2; i < 5; ++i) {
                   json["links"][0]["pieces"].push_back(json["links"][0]["pieces"][1]);
                   json["links"][0]["pieces"].back()["to_bytes"] = i * 1e6;
                 }
               }},
        Damage{"links[0].floor = {", [](Json& json) { json["links"][0]["floor"].erase("alpha_us"); }},
        Damage{"links[0].held_out = 1 (must be an object)",
               [](Json& json) { json["links"][0]["held_out"] = 1; }},
        Damage{"links[2] = {", [](Json& json) { json["links"][2] = json["links"][1]; }},
        Damage{"classes[1].contention.factor = 0 (must be a number > 0)",
               [](Json& json) { json["classes"][1]["contention"]["factor"] = 0; }},
        Damage{"classes[1].contention.pairs = 3 (must be a whole number from 2 to 2)",
               [](Json& json) { json["classes"][1]["contention"]["pairs"] = 3; }},
        Damage{"agreed = true (must be an object)", [](Json& json) { json["agreed"] = true; }}));

TEST(DamagedText, IsRefused) {
  const std::string whole = json_of(some_network());
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("\xff\xfe"), std::string("{\"ranks\": 1e999}"),
        std::string(100'000, '['), whole.substr(0, whole.size() / 2), whole + "}"}) {
    const std::string message = test::error_text(ErrorClass::io, [&] { read(text); });
    EXPECT_EQ(message.substr(0, 26), "profile p.json is no JSON:") << message;
  }
  EXPECT_EQ(test::error_text(ErrorClass::io, [&] { read(std::string((64 << 20) + 1, ' ')); }).substr(0, 24),
            "profile p.json is longer");
}

}  // namespace
}  // namespace pliant::probe
