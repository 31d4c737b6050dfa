/**
 * Reference cases that are skipped on Chromium's software adapter, where each takes between 6 seconds and minutes:
 * iterative inverses, which on a GPU always run all their iterations, power iterations, and larger networks. On
 * `webgpu` in Node all of them run.
 */
export const SLOW: ReadonlySet<string> = new Set(
  `
    adv_sup_discriminator adv_uair_generator augment_rotate_grad exact_div fne_jsn_diagonal fne_jsn_network
    hutch_div jsn_diagonal jsn_network jsn_network_max mc_div mcloss_blur mcloss_mri_l1 metric_msssim
    metric_msssim_default mri_artifact2artifact_dynamic mri_artifact2artifact_static nn_dcgan nn_esrgan
    nn_unet_biasfree_eval nn_unet_biasfree_train nn_unet_bn_nores_train op_blur_circular op_blur_circular_even
    op_blur_constant op_blur_constant_even op_blur_multichannel op_blur_reflect op_blur_reflect_even
    op_blur_replicate op_blur_replicate_even op_blur_valid op_blur_valid_even op_blurfft op_blurfft_even
    op_composed op_compressed_sensing op_compressed_sensing_channelwise op_downsampling_bicubic
    op_downsampling_gaussian op_downsampling_gaussian_replicate op_downsampling_sinc op_dynamic_mri op_mri_prox
    op_multicoil_mri op_pansharpen op_sequential_mri op_stacked transform_affine transform_euclidean
    transform_homography transform_pantiltrotate
  `
    .trim()
    .split(/\s+/),
);

/**
 * Cases of losses that read values within a step, for which a page on WebGPU would have to wait: they fail there with
 * an error that says so (`DistributionalConsistencyLoss`).
 */
export const READING: ReadonlySet<string> = new Set([
  "distributional_consistency_clipped_gaussian",
  "distributional_consistency_gaussian",
  "distributional_consistency_poisson",
]);
