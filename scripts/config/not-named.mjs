// Exported classes that no configuration can name, each with the reason. The generator refuses an exported class that
// is neither here nor one that it can describe, and an entry here that is not needed.
export const notNamed = {
  "data.DataLoader": "adjoint train makes it, from batchSize",
  "data.DataCheck": "refuses values that are not finite; the Trainer makes it",
  "data.NoisyPatches": "cuts patches from pixels in memory; PatchDataset cuts them from any dataset",
  "denoise.Denoiser": "learn makes it from pictures; adjoint denoise is its command",
  "distributed.TreeSum": "adds the gradients of a step; the Trainer makes it",
  "io.Hdf5Reader": "reads one file; HDF5Dataset reads its arrays",
  "io.ImageReader": "reads one file; ImageFolder and MeasurementFolder read folders",
  "loss.R2RModel": "R2RLoss makes it from the model",
  "loss.ScoreModel": "ScoreLoss makes it from the model",
  "loss.SplittingModel": "SplittingLoss makes it from the model",
  "loss.EquivariantSplittingModel": "EquivariantSplittingLoss makes it from the model",
  "loss.ReducedResolutionModel": "ReducedResolutionLoss makes it from the model",
  "loss.mri.FrameSplittingModel": "Phase2PhaseLoss and Artifact2ArtifactLoss make it from the model",
  "physics.Physics": "its operator is a function",
  "physics.LinearPhysics": "its operator and adjoint are functions",
  "physics.DecomposablePhysics": "its factors are functions",
  "physics.TensorList": "a measurement, not what makes one",
  "nn.Module": "base class, which computes nothing",
  "train.Trainer": "the whole configuration describes it",
  "train.AdversarialTrainer": "the whole configuration describes it, where it has a discriminator D",
};
