// Written by `npm run generate` from docs/evidence.json; not edited by hand.

/** The dB by which a loss was below training with ground truth in a task of docs/evidence.md. */
export interface Evidence {
  readonly task: string;
  readonly below: number;
}

/** What was measured of each loss: its best row of a task. */
export const evidence: Readonly<Record<string, readonly Evidence[]>> = {
  "MCLoss": [
    {
      "task": "inpainting",
      "below": 19.4
    },
    {
      "task": "operators",
      "below": 17.8
    },
    {
      "task": "mri-fixed",
      "below": 10.3
    },
    {
      "task": "mri-frames",
      "below": 5.3
    },
    {
      "task": "deblurring",
      "below": 5.3
    }
  ],
  "SureGaussianLoss": [
    {
      "task": "gaussian",
      "below": 0.8
    },
    {
      "task": "gaussian-correlated",
      "below": 0.7
    },
    {
      "task": "ct-noise",
      "below": 2.2
    }
  ],
  "SurePoissonLoss": [
    {
      "task": "poisson",
      "below": 1.3
    }
  ],
  "SurePGLoss": [
    {
      "task": "poisson-gaussian",
      "below": 2.3
    }
  ],
  "R2RLoss": [
    {
      "task": "gaussian",
      "below": 0.6
    },
    {
      "task": "poisson",
      "below": 0.7
    },
    {
      "task": "gamma",
      "below": 0.7
    }
  ],
  "LearningToRecorruptLoss": [
    {
      "task": "gaussian",
      "below": 0.8
    },
    {
      "task": "poisson-gaussian",
      "below": 1.8
    }
  ],
  "Neighbor2Neighbor": [
    {
      "task": "gaussian",
      "below": 1.3
    }
  ],
  "Noise2VoidLoss": [
    {
      "task": "gaussian",
      "below": 3.8
    }
  ],
  "Noise2SelfLoss": [
    {
      "task": "gaussian",
      "below": 0.8
    }
  ],
  "ScoreLoss": [
    {
      "task": "gamma",
      "below": 4.9
    }
  ],
  "SplittingLoss": [
    {
      "task": "gaussian",
      "below": 2.7
    },
    {
      "task": "poisson-gaussian",
      "below": 2.9
    },
    {
      "task": "mri",
      "below": 3.9
    },
    {
      "task": "mri-paper",
      "below": 1.2
    }
  ],
  "EquivariantSplittingLoss": [
    {
      "task": "mri-fixed",
      "below": 5.1
    }
  ],
  "EILoss": [
    {
      "task": "inpainting",
      "below": 0
    },
    {
      "task": "ct",
      "below": 3.9
    },
    {
      "task": "ct-noise",
      "below": 2.2
    },
    {
      "task": "mri-fixed",
      "below": 1.6
    },
    {
      "task": "ct-paper",
      "below": 2.3
    }
  ],
  "MOILoss": [
    {
      "task": "operators",
      "below": 0.2
    },
    {
      "task": "mri",
      "below": 1.2
    }
  ],
  "MOEILoss": [
    {
      "task": "operators",
      "below": -0.3
    }
  ],
  "SupAdversarialGeneratorLoss": [
    {
      "task": "deblurring",
      "below": 0.5
    }
  ],
  "UnsupAdversarialGeneratorLoss": [
    {
      "task": "deblurring",
      "below": 4.6
    }
  ],
  "UAIRGeneratorLoss": [
    {
      "task": "uair",
      "below": 4.8
    }
  ],
  "WeightedSplittingLoss": [
    {
      "task": "mri",
      "below": 2.2
    }
  ],
  "RobustSplittingLoss": [
    {
      "task": "mri",
      "below": 2.1
    }
  ],
  "Phase2PhaseLoss": [
    {
      "task": "mri-frames",
      "below": 3.9
    }
  ],
  "Artifact2ArtifactLoss": [
    {
      "task": "mri-frames",
      "below": 4.1
    }
  ]
};
