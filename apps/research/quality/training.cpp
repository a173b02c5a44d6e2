#include "apps/research/quality/training.hpp"

#include <vector>

#include "apps/train/model.hpp"

namespace pliant::quality {
namespace {

/// One layer of the model. Its tensors are views into vectors that hold all layers.
struct Layer {
  torch::Tensor weights, weight_gradients;  ///< [out, in]
  torch::Tensor biases, bias_gradients;     ///< [out]
};

/// pliant_train's MLP, with hand-written gradients: autograd would add to gradients that are written only
/// once here. With many ranks of few images, most of the time is memory traffic.
class Learner {
 public:
  explicit Learner(std::uint64_t seed) {
    torch::manual_seed(seed);
    const torch::NoGradGuard no_grad;
    const std::vector<torch::Tensor> made = train::find_model("mlp")->make()->parameters();
    std::vector<torch::Tensor> flat;
    for (const torch::Tensor& parameter : made) flat.push_back(parameter.detach().flatten());
    parameters_ = torch::cat(flat);
    gradient = torch::zeros_like(parameters_);
    velocity_ = torch::zeros_like(parameters_);
    std::int64_t begin = 0;
    const auto next = [&](const torch::Tensor& vector, const torch::Tensor& like) {
      return vector.narrow(0, begin, like.numel()).view_as(like);
    };
    for (std::size_t i = 0; i < made.size(); i += 2) {
      Layer layer;
      layer.weights = next(parameters_, made[i]);
      layer.weight_gradients = next(gradient, made[i]);
      begin += made[i].numel();
      layer.biases = next(parameters_, made[i + 1]);
      layer.bias_gradients = next(gradient, made[i + 1]);
      begin += made[i + 1].numel();
      layers_.push_back(layer);
    }
  }

  std::int64_t count() const { return parameters_.numel(); }

  /// Writes the gradient of the mean cross-entropy to `gradient`. images: [n, 784].
  void compute_gradient(const torch::Tensor& images, const torch::Tensor& labels) {
    std::vector<torch::Tensor> inputs = {images};
    for (const Layer& layer : layers_) inputs.push_back(output_of(layer, inputs.back()));
    torch::Tensor back = torch::softmax(inputs.back(), 1);
    back.scatter_add_(1, labels.unsqueeze(1), -torch::ones({labels.size(0), 1}));
    back.div_(labels.size(0));
    for (std::size_t i = layers_.size(); i-- > 0;) {
      torch::mm_out(layers_[i].weight_gradients, back.t(), inputs[i]);
      torch::sum_out(layers_[i].bias_gradients, back, 0);
      if (i > 0) back = back.mm(layers_[i].weights).mul_(inputs[i].gt(0));
    }
  }

  void update(const torch::Tensor& mean, double learning_rate, double momentum) {
    velocity_.mul_(momentum).add_(mean);
    parameters_.add_(velocity_, -learning_rate);
  }

  double accuracy(const torch::Tensor& images, const torch::Tensor& labels) const {
    torch::Tensor values = images;
    for (const Layer& layer : layers_) values = output_of(layer, values);
    return values.argmax(1).eq(labels).to(torch::kFloat64).mean().item<double>();
  }

  torch::Tensor gradient;  ///< [count]

 private:
  torch::Tensor output_of(const Layer& layer, const torch::Tensor& input) const {
    torch::Tensor output = torch::addmm(layer.biases, input, layer.weights.t());
    return &layer == &layers_.back() ? output : output.relu_();
  }

  torch::Tensor parameters_;  ///< [count]
  torch::Tensor velocity_;    ///< [count]
  std::vector<Layer> layers_;
};

/// Deals images to the ranks in random order. Draws a new order when the old one is used up.
class Batches {
 public:
  Batches(std::int64_t images, std::uint64_t seed) : images_(images), seed_(seed) {}

  torch::Tensor next(std::int64_t count) {
    if (begin_ + count > order_.numel()) {
      auto generator = at::detail::createCPUGenerator(seed_++);
      order_ = torch::randperm(images_, generator, torch::kInt64);
      begin_ = 0;
    }
    begin_ += count;
    return order_.narrow(0, begin_ - count, count);
  }

 private:
  std::int64_t images_;
  std::uint64_t seed_;
  torch::Tensor order_ = torch::empty({0}, torch::kInt64);
  std::int64_t begin_ = 0;
};

}  // namespace

void train(const TrainingOptions& options, const train::Dataset& dataset, Pair pair,
           const std::function<bool(const Progress&)>& told) {
  const torch::NoGradGuard no_grad;
  Learner learner(options.seed);
  Batches batches(dataset.training.count(), options.seed * 1000);
  const torch::Tensor images = train::normalise(dataset.training.images).flatten(1);
  const torch::Tensor test_images = train::normalise(dataset.test.images).flatten(1);
  SimulatedExchange exchange(options.ranks, learner.count());
  torch::Tensor sum = torch::zeros({learner.count()});
  for (int step = 1; step <= options.steps; ++step) {
    const bool evaluated = step % options.eval_every == 0;
    exchange.begin(pair, evaluated);
    for (int rank = 0; rank < options.ranks; ++rank) {
      const torch::Tensor chosen = batches.next(options.batch);
      learner.compute_gradient(images.index_select(0, chosen),
                               dataset.training.labels.index_select(0, chosen));
      exchange.take_in(learner.gradient.data_ptr<float>());
    }
    exchange.finish(sum.data_ptr<float>());
    learner.update(sum.div_(options.ranks), options.learning_rate, options.momentum);
    if (!evaluated) continue;
    const double accuracy = learner.accuracy(test_images, dataset.test.labels);
    if (!told({step, accuracy, exchange.staleness()})) return;
  }
}

std::int64_t model_elements() {
  return Learner(1).count();
}

}  // namespace pliant::quality
