/** What a folder of a training ends with. */
export interface Results {
  readonly best: string;
  readonly last: string;
  readonly history: string[];
  readonly log: string[];
}

export function killTraining(options: {
  folder: string;
  kills: number;
  seed: number;
  steps?: number;
  onKill?: (kills: number, resumedAt: number) => void;
}): Promise<{ whole: Results; killed: Results; resumedAt: number[]; files: string[] }>;
