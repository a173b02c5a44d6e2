// HDF5 files: written data reads back, and errors appear without HDF5's own output.
#include "trace/hdf5_file.hpp"

#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>

#include "trace_support.hpp"

namespace pliant {
namespace {

class Hdf5FileTest : public FolderTest {
 protected:
  /// Names of all other files in the folder of a file.
  std::vector<std::string> files_beside(const std::string& name) const {
    std::vector<std::string> names;
    const std::filesystem::path folder = std::filesystem::path(path(name)).parent_path();
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      if (entry.path().filename() != name) names.push_back(entry.path().filename().string());
    return names;
  }
};

template <class T>
void write(Hdf5File& file, const std::string& name, const std::vector<T>& values) {
  file.write(name, std::span<const T>(values));
}

TEST_F(Hdf5FileTest, KeepsDatasets) {
  const std::vector<float> floats{0.1f, -0.0f, std::numeric_limits<float>::denorm_min()};
  const std::vector<double> doubles{0.1, 1e308};
  const std::vector<std::int64_t> integers{std::numeric_limits<std::int64_t>::min(), (1LL << 53) + 1};
  {
    Hdf5File file = Hdf5File::create(path("a.h5"));
    write(file, "/state/tensors/0/residual", floats);
    write(file, "/doubles", doubles);
    write(file, "/integers", integers);
    write(file, "/empty", std::vector<float>{});
    file.close();
  }
  Hdf5File file = Hdf5File::open(path("a.h5"));
  const std::vector<float> read = file.read<float>("/state/tensors/0/residual");
  EXPECT_EQ(read, floats);
  EXPECT_TRUE(std::signbit(read[1]));
  EXPECT_EQ(file.read<double>("/doubles"), doubles);
  EXPECT_EQ(file.read<std::int64_t>("/integers"), integers);
  EXPECT_TRUE(file.read<float>("/empty").empty());
  EXPECT_EQ(file.read<double>("/state/tensors/0/residual"),
            std::vector<double>(floats.begin(), floats.end()));
  EXPECT_NO_THROW(file.close());
}

TEST_F(Hdf5FileTest, KeepsAttributes) {
  {
    Hdf5File file = Hdf5File::create(path("a.h5"));
    file.make_group("/a/b");
    write(file, "/a/x", std::vector<double>{1});
    file.write_attribute("/", "name", "größe");
    file.write_attribute("/a/b", "step", std::int64_t{1} << 60);
    file.write_attribute("/a/x", "density", 0.01);
    file.write_attribute("/a/x", "empty", "");
  }
  const Hdf5File file = Hdf5File::open(path("a.h5"));
  EXPECT_EQ(file.read_attribute<std::string>("/", "name"), "größe");
  EXPECT_EQ(file.read_attribute<std::int64_t>("/a/b", "step"), std::int64_t{1} << 60);
  EXPECT_EQ(file.read_attribute<double>("/a/x", "density"), 0.01);
  EXPECT_EQ(file.read_attribute<std::string>("/a/x", "empty"), "");
  EXPECT_EQ(file.read_attribute<double>("/a/b", "step"), std::ldexp(1.0, 60));
}

TEST_F(Hdf5FileTest, ListsAndFindsObjects) {
  Hdf5File file = Hdf5File::create(path("a.h5"));
  file.make_group("/tensors/b");
  write(file, "/tensors/a", std::vector<float>{1});
  EXPECT_EQ(file.children("/"), std::vector<std::string>{"tensors"});
  EXPECT_EQ(file.children("/tensors"), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(file.children("/tensors/b").empty());
  EXPECT_TRUE(file.exists("/"));
  EXPECT_TRUE(file.exists("/tensors"));
  EXPECT_TRUE(file.exists("/tensors/a"));
  EXPECT_FALSE(file.exists("/tensors/c"));
  EXPECT_FALSE(file.exists("/nothing/at/all"));
  EXPECT_FALSE(file.exists("/tensors/a/below-a-dataset"));
}

class Hdf5ColumnTest : public Hdf5FileTest, public testing::WithParamInterface<bool> {};

TEST_P(Hdf5ColumnTest, GrowsByAppending) {
  std::vector<std::int64_t> expected(1000);
  std::iota(expected.begin(), expected.end(), -3);
  const std::string letters("ab\0c\0\0", 6);
  {
    Hdf5File file = Hdf5File::create(path("a.h5"));
    const Hdf5Layout layout{.chunk_rows = 16, .compressed = GetParam()};
    Hdf5Column integers = file.make_column("/calls/i", {Hdf5Element::Kind::integer}, layout);
    Hdf5Column numbers = file.make_column("/calls/d", {Hdf5Element::Kind::number}, layout);
    Hdf5Column texts = file.make_column("/calls/t", {Hdf5Element::Kind::text, 3}, layout);
    for (std::size_t begin = 0; begin < expected.size(); begin += 40) {
      integers.append(std::span<const std::int64_t>(expected).subspan(begin, 40));
    }
    EXPECT_EQ(integers.rows(), 1000);
    numbers.resize(2);
    numbers.write(1, std::span<const double>(std::vector<double>{2.5, 3.5}));
    texts.append(std::span<const char>(letters));
    EXPECT_EQ(texts.rows(), 2);
    file.flush();
  }
  const Hdf5File file = Hdf5File::open(path("a.h5"));
  EXPECT_EQ(file.read<std::int64_t>("/calls/i"), expected);
  EXPECT_EQ(file.read<double>("/calls/d"), (std::vector<double>{0, 2.5, 3.5}));
  EXPECT_EQ(file.read<std::string>("/calls/t"), (std::vector<std::string>{"ab", "c"}));
}

INSTANTIATE_TEST_SUITE_P(Packing, Hdf5ColumnTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Compressed" : "Plain"; });

TEST_F(Hdf5FileTest, ChangesAnExistingFile) {
  const std::vector<double> kept{1, 2};
  {
    Hdf5File file = Hdf5File::create(path("a.h5"));
    write(file, "/calls/time", kept);
    write(file, "/network/time", std::vector<double>{3});
    file.close();
  }
  {
    Hdf5File file = Hdf5File::open_to_change(path("a.h5"));
    file.remove("/network");
    EXPECT_FALSE(file.exists("/network/time"));
    write(file, "/network/up", std::vector<double>{4});
    file.close();
  }
  const Hdf5File file = Hdf5File::open(path("a.h5"));
  EXPECT_EQ(file.read<double>("/calls/time"), kept);
  EXPECT_EQ(file.children("/network"), std::vector<std::string>{"up"});
  EXPECT_THROW(Hdf5File::open_to_change(path("none.h5")), Error);
}

TEST_F(Hdf5FileTest, RefusesCharactersWhereNumbersAreKept) {
  Hdf5File file = Hdf5File::create(path("a.h5"));
  Hdf5Column numbers = file.make_column("/d", {Hdf5Element::Kind::number}, {});
  Hdf5Column texts = file.make_column("/t", {Hdf5Element::Kind::text, 64}, {});
  const std::vector<double> one{1};
  EXPECT_NE(io_error_of([&] { numbers.append(std::span<const char>("a", 1)); }).find("/d"),
            std::string::npos);
  EXPECT_NE(io_error_of([&] { texts.append(std::span<const double>(one)); }).find("/t"), std::string::npos);
}

TEST_F(Hdf5FileTest, SaysWhyAFileCannotBeCreatedOrOpened) {
  const std::string missing = path("no/folder/a.h5");
  EXPECT_EQ(io_error_of([&] { Hdf5File::create(missing); }),
            "HDF5 file '" + missing +
                "': cannot create it: No such file or directory (its folder must exist and be writable, and "
                "nobody may have the file open). Make the folder, or choose another path");
  EXPECT_NE(io_error_of([&] { Hdf5File::create(path("")); }).find("Is a directory"), std::string::npos);
  EXPECT_NE(io_error_of([&] { Hdf5File::open(path("none.h5")); }).find("No such file"), std::string::npos);
  std::ofstream(path("text.h5")) << "not HDF5";
  EXPECT_NE(io_error_of([&] { Hdf5File::open(path("text.h5")); }).find("cannot open it: "),
            std::string::npos);
}

TEST_F(Hdf5FileTest, RefusesAFileThatWasCutShort) {
  {
    Hdf5File file = Hdf5File::create(path("a.h5"));
    write(file, "/x", std::vector<double>(1000, 1.0));
  }
  std::filesystem::resize_file(path("a.h5"), std::filesystem::file_size(path("a.h5")) / 2);
  EXPECT_NE(io_error_of([&] { Hdf5File::open(path("a.h5")); }).find("truncated"), std::string::npos);
}

TEST_F(Hdf5FileTest, ReadsNothingAsWhatItIsNot) {
  Hdf5File file = Hdf5File::create(path("a.h5"));
  write(file, "/doubles", std::vector<double>{0.1});
  file.write_attribute("/", "name", "x");
  file.write_attribute("/", "number", 1.5);
  EXPECT_NE(io_error_of([&] { file.read<float>("/doubles"); }).find("another type"), std::string::npos);
  EXPECT_NE(io_error_of([&] { file.read<std::int64_t>("/doubles"); }).find("another type"),
            std::string::npos);
  EXPECT_NE(io_error_of([&] { file.read<std::string>("/doubles"); }).find("another type"), std::string::npos);
  EXPECT_NE(io_error_of([&] { file.read_attribute<double>("/", "name"); }).find("attribute name of /"),
            std::string::npos);
  EXPECT_NE(io_error_of([&] { file.read_attribute<std::int64_t>("/", "number"); }).find("another type"),
            std::string::npos);
}

TEST_F(Hdf5FileTest, FailsQuietlyOnWhatIsNotThere) {
  testing::internal::CaptureStderr();
  {
    Hdf5File file = Hdf5File::create(path("a.h5"));
    write(file, "/x", std::vector<double>{1});
    EXPECT_NE(io_error_of([&] { file.read<double>("/y"); }).find("open dataset /y"), std::string::npos);
    EXPECT_NE(io_error_of([&] { file.children("/y"); }).find("open group /y"), std::string::npos);
    EXPECT_NE(io_error_of([&] { file.read_attribute<double>("/x", "unit"); }).find("attribute unit of /x"),
              std::string::npos);
    EXPECT_NE(io_error_of([&] { write(file, "/x", std::vector<double>{2}); }).find("make dataset /x"),
              std::string::npos);
    EXPECT_NE(io_error_of([&] { file.make_group("/x"); }).find("make group /x"), std::string::npos);
    EXPECT_EQ(file.read<double>("/x"), std::vector<double>{1});
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(Hdf5FileTest, TakesThePlaceOfAnotherOnlyWhenCommitted) {
  const auto save = [&](double value) {
    Hdf5File file = Hdf5File::create_replacing(path("state.h5"));
    write(file, "/x", std::vector<double>{value});
    return file;
  };
  const auto saved = [&] { return Hdf5File::open(path("state.h5")).read<double>("/x").at(0); };
  save(1).commit();
  EXPECT_EQ(saved(), 1);
  {
    const Hdf5File dropped = save(2);
    EXPECT_TRUE(std::filesystem::exists(path("state.h5.partial")));
    EXPECT_EQ(saved(), 1);
  }
  EXPECT_EQ(saved(), 1);
  EXPECT_FALSE(std::filesystem::exists(path("state.h5.partial")));
  save(3).commit();
  EXPECT_EQ(saved(), 3);
  EXPECT_FALSE(std::filesystem::exists(path("state.h5.partial")));
}

TEST_F(Hdf5FileTest, IsSavedByTwoAtOnceWholeAndTheLastStays) {
  Hdf5File first = Hdf5File::create_replacing(path("state.h5"));
  write(first, "/x", std::vector<double>{1});
  Hdf5File second = Hdf5File::create_replacing(path("state.h5"));
  write(second, "/x", std::vector<double>{2});
  write(first, "/y", std::vector<double>{10});
  write(second, "/y", std::vector<double>{20});
  first.commit();
  EXPECT_EQ(Hdf5File::open(path("state.h5")).read<double>("/y"), std::vector<double>{10});
  second.commit();
  const Hdf5File saved = Hdf5File::open(path("state.h5"));
  EXPECT_EQ(saved.read<double>("/x"), std::vector<double>{2});
  EXPECT_EQ(saved.read<double>("/y"), std::vector<double>{20});
  EXPECT_TRUE(files_beside("state.h5").empty());
}

TEST_F(Hdf5FileTest, TakesThePlaceOfAFileThatAReaderGoesOnReading) {
  const auto save = [&](double value) {
    Hdf5File file = Hdf5File::create_replacing(path("state.h5"));
    write(file, "/x", std::vector<double>{value});
    file.commit();
  };
  save(1);
  const Hdf5File reader = Hdf5File::open(path("state.h5"));
  save(2);
  EXPECT_EQ(reader.read<double>("/x"), std::vector<double>{1});
  EXPECT_EQ(Hdf5File::open(path("state.h5")).read<double>("/x"), std::vector<double>{2});
}

TEST_F(Hdf5FileTest, SweepsAwayWhatAKilledSaveLeft) {
  std::ofstream(path("state.h5.partial")) << "half a file";
  Hdf5File file = Hdf5File::create_replacing(path("state.h5"));
  write(file, "/x", std::vector<double>{1});
  file.commit();
  EXPECT_EQ(Hdf5File::open(path("state.h5")).read<double>("/x"), std::vector<double>{1});
  EXPECT_TRUE(files_beside("state.h5").empty());
}

TEST_F(Hdf5FileTest, IsSavedWhereALinkLeads) {
  std::filesystem::create_directory(path("far"));
  std::filesystem::create_symlink("far/b.h5", path("state.h5"));
  for (const double value : {1.0, 2.0}) {
    Hdf5File file = Hdf5File::create_replacing(path("state.h5"));
    write(file, "/x", std::vector<double>{value});
    file.commit();
    EXPECT_TRUE(std::filesystem::is_symlink(path("state.h5")));
    EXPECT_EQ(Hdf5File::open(path("far/b.h5")).read<double>("/x"), std::vector<double>{value});
  }
}

TEST_F(Hdf5FileTest, IsNotMadeOverOneInUse) {
  Hdf5File first = Hdf5File::create(path("a.h5"));
  write(first, "/x", std::vector<double>{1});
  EXPECT_NE(io_error_of([&] { Hdf5File::create(path("a.h5")); }).find("is in use by another program"),
            std::string::npos);
  first.close();
  EXPECT_EQ(Hdf5File::open(path("a.h5")).read<double>("/x"), std::vector<double>{1});
  EXPECT_NO_THROW(Hdf5File::create(path("a.h5")));
}

TEST_F(Hdf5FileTest, LeavesNothingBehindWhenItCannotBePutInPlace) {
  std::filesystem::create_directories(path("state.h5/in-the-way"));
  const std::string text = io_error_of([&] { Hdf5File::create_replacing(path("state.h5")).commit(); });
  EXPECT_NE(text.find("cannot rename it to '" + path("state.h5") + "'"), std::string::npos) << text;
  EXPECT_FALSE(std::filesystem::exists(path("state.h5.partial")));
}

}  // namespace
}  // namespace pliant
