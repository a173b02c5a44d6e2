// IDX: big-endian magic (0, 0, element type, dimensions), one 32-bit length per dimension, then the elements.
// Source: http://yann.lecun.com/exdb/mnist/, "THE IDX FILE FORMAT"
#include "apps/train/dataset.hpp"

#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <vector>

#include "apps/train/world.hpp"

namespace pliant::train {
namespace {

constexpr std::int64_t kSide = 28;
constexpr std::int64_t kClasses = 10;
constexpr std::uint32_t kUnsignedByte = 0x08;
constexpr std::int64_t kMostImages = 1'000'000;  // a damaged length must not ask for all memory
// Over the 60,000 training images, pixels divided by 255.
constexpr double kPixelMean = 0.2860;
constexpr double kPixelDeviation = 0.3530;

/// One IDX file, read through zlib.
class IdxFile {
 public:
  explicit IdxFile(std::string path) : path_(std::move(path)), file_(open(path_), gzclose) {}

  /// Reads the lengths of the dimensions, which follow the magic number.
  std::vector<std::int64_t> read_lengths(std::uint32_t dimensions) {
    const std::uint32_t magic = read_number();
    const std::uint32_t expected = kUnsignedByte << 8 | dimensions;
    if (magic != expected)
      refuse(
          "magic number = " + std::to_string(magic),
          "IDX with " + std::to_string(dimensions) + " dimensions of bytes has " + std::to_string(expected));
    std::vector<std::int64_t> lengths;
    for (std::uint32_t i = 0; i < dimensions; ++i) lengths.push_back(read_number());
    if (lengths[0] < 1 || lengths[0] > kMostImages)
      refuse("elements = " + std::to_string(lengths[0]), "must be 1 to " + std::to_string(kMostImages));
    return lengths;
  }

  /// Reads all elements, and checks that nothing follows them.
  torch::Tensor read_elements(const std::vector<std::int64_t>& shape) {
    torch::Tensor elements = torch::empty(shape, torch::kUInt8);
    read(elements.data_ptr<std::uint8_t>(), elements.numel());
    std::uint8_t beyond = 0;
    if (gzread(file_.get(), &beyond, 1) > 0)
      refuse("more than the " + std::to_string(elements.numel()) + " bytes that its header names",
             "lengths and file must agree");
    check_stream();
    return elements;
  }

  [[noreturn]] void refuse(const std::string& problem, const std::string& rule) const {
    throw std::runtime_error(refusal_text(path_ + ": " + problem, rule,
                                          "Reinstall the package dataset-fashion-mnist or pass another "
                                          "--dataset"));
  }

 private:
  static gzFile open(const std::string& path) {
    if (gzFile file = gzopen(path.c_str(), "rb")) return file;
    throw std::runtime_error(refusal_text("no dataset file " + path + ": " + std::strerror(errno),
                                          "pliant_train reads Fashion-MNIST as Debian ships it",
                                          "Install the package dataset-fashion-mnist or pass --dataset DIR"));
  }

  std::uint32_t read_number() {
    std::array<std::uint8_t, 4> bytes{};
    read(bytes.data(), bytes.size());
    return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 |
           bytes[3];
  }

  void read(std::uint8_t* to, std::int64_t bytes) {
    const int got = gzread(file_.get(), to, static_cast<unsigned>(bytes));
    if (got == bytes) return;
    check_stream();
    refuse("ends " + std::to_string(bytes - got) + " bytes early", "lengths and file must agree");
  }

  /// Throws for a truncated or damaged gzip stream.
  void check_stream() const {
    int code = Z_OK;
    const char* text = gzerror(file_.get(), &code);
    if (code != Z_OK) refuse(std::string("gzip says: ") + text, "must be a whole gzip file");
  }

  std::string path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile)> file_;
};

torch::Tensor load_images(const std::string& path) {
  IdxFile file(path);
  const auto lengths = file.read_lengths(3);
  if (lengths[1] != kSide || lengths[2] != kSide)
    file.refuse("images of " + std::to_string(lengths[1]) + " x " + std::to_string(lengths[2]) + " pixels",
                "must be 28 x 28");
  return file.read_elements({lengths[0], 1, kSide, kSide});
}

torch::Tensor load_labels(const std::string& path, std::int64_t images) {
  IdxFile file(path);
  const auto lengths = file.read_lengths(1);
  if (lengths[0] != images)
    file.refuse(std::to_string(lengths[0]) + " labels for " + std::to_string(images) + " images",
                "must be as many");
  torch::Tensor labels = file.read_elements(lengths).to(torch::kInt64);
  if (const auto largest = labels.max().item<std::int64_t>(); largest >= kClasses)
    file.refuse("label = " + std::to_string(largest), "must be 0 to 9");
  return labels;
}

ImageSet load_set(const std::string& prefix) {
  ImageSet set;
  set.images = load_images(prefix + "-images-idx3-ubyte.gz");
  set.labels = load_labels(prefix + "-labels-idx1-ubyte.gz", set.images.size(0));
  return set;
}

}  // namespace

Dataset load_dataset(const std::string& folder) {
  return {load_set(folder + "/train"), load_set(folder + "/t10k")};
}

torch::Tensor normalise(const torch::Tensor& pixels) {
  return pixels.to(torch::kFloat32).sub_(255 * kPixelMean).div_(255 * kPixelDeviation);
}

}  // namespace pliant::train
