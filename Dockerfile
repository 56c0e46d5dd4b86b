# The worker, and every other command of gedrag, as a user without rights in a slim image.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/gedrag
WORKDIR /src
# What the project needs changes seldom, the project often: two layers.
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; print('\n'.join(tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies']))" > requirements.txt \
    && /opt/gedrag/bin/pip install --constraint constraints.txt setuptools --requirement requirements.txt
COPY README.md LICENSE ./
COPY scoring scoring
COPY streams streams
RUN /opt/gedrag/bin/pip install --no-deps --no-build-isolation . \
    && /opt/gedrag/bin/pip uninstall --yes setuptools pip

FROM python:3.11-slim
COPY --from=build /opt/gedrag /opt/gedrag
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin gedrag && mkdir /shop && chown gedrag /shop
ENV PATH=/opt/gedrag/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 GEDRAG_WEB=0.0.0.0:6066
USER gedrag
# gedrag.toml, segments.toml and campaigns.toml of a shop are mounted here.
WORKDIR /shop
EXPOSE 6066
HEALTHCHECK --interval=5s --timeout=3s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['GEDRAG_WEB'].rpartition(':')[2] + '/health', timeout=2)"]
ENTRYPOINT ["gedrag"]
CMD ["worker"]
