package dev.skreaver.gateway.admin;

import dev.skreaver.api.projection.ProjectionAdmin;
import java.util.List;

/** The body of {@code GET /admin/projections}. */
record Projections(List<ProjectionAdmin.Projection> projections) {}
