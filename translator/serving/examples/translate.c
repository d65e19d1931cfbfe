/* Translates one sentence, given as token ids, with a model that `translator export --tokens` has written.

       TF=$(python -c "import tensorflow, os; print(os.path.dirname(tensorflow.__file__))")
       cc translate.c -I$TF/include -L$TF -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 \
          -Wl,-rpath,$TF -o translate
       ./translate exported/en-de-ids/1 283 482 1178

   It needs TensorFlow's C library, here that of the Python package. The names of the operations are those that
   `saved_model_cli show --dir FOLDER --tag_set serve --signature_def serving_default` prints. */

#include <stdio.h>
#include <stdlib.h>
#include <tensorflow/c/c_api.h>

static void stop_if_failed(const TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) {
    fprintf(stderr, "%s\n", TF_Message(status));
    exit(1);
  }
}

static TF_Output operation(TF_Graph* graph, const char* name, int index) {
  TF_Output output = {TF_GraphOperationByName(graph, name), index};
  if (output.oper == NULL) {
    fprintf(stderr, "no operation %s in this model; was it exported with --tokens?\n", name);
    exit(1);
  }
  return output;
}

int main(int argc, char** argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s FOLDER ID [ID ...]\n", argv[0]);
    return 2;
  }
  TF_Status* status = TF_NewStatus();
  TF_Graph* graph = TF_NewGraph();
  TF_SessionOptions* options = TF_NewSessionOptions();
  const char* tags[] = {"serve"};
  TF_Session* session = TF_LoadSessionFromSavedModel(options, NULL, argv[1], tags, 1, graph, NULL, status);
  stop_if_failed(status);

  const int64_t num_ids = argc - 2, shape[] = {1, num_ids};
  TF_Tensor* source_ids = TF_AllocateTensor(TF_INT32, shape, 2, num_ids * sizeof(int32_t));
  int32_t* ids = TF_TensorData(source_ids);
  for (int i = 0; i < num_ids; i++) ids[i] = atoi(argv[i + 2]);

  /* The outputs are sorted by name: length, score, target_ids. */
  const TF_Output input = operation(graph, "serving_default_source_ids", 0);
  const TF_Output outputs[] = {operation(graph, "StatefulPartitionedCall", 1),
                               operation(graph, "StatefulPartitionedCall", 2)};
  TF_Tensor* found[2];
  TF_SessionRun(session, NULL, &input, &source_ids, 1, outputs, found, 2, NULL, 0, NULL, status);
  stop_if_failed(status);

  const int32_t* target_ids = TF_TensorData(found[1]);
  for (int64_t i = 0; i < TF_Dim(found[1], 1); i++) printf("%d ", target_ids[i]);
  printf("\nscore %.4f\n", *(float*)TF_TensorData(found[0]));

  TF_DeleteTensor(source_ids);
  for (int i = 0; i < 2; i++) TF_DeleteTensor(found[i]);
  TF_DeleteSession(session, status);
  TF_DeleteSessionOptions(options);
  TF_DeleteGraph(graph);
  TF_DeleteStatus(status);
  return 0;
}
