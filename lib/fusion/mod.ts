/**
 * From patch features to one vector an image: engine, models, losses and training (paper §3.4).
 *
 * @module
 */
export {};
